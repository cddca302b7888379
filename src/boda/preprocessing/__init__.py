"""The face that Keras's users know: `image` in the place of `tensorflow.keras.preprocessing.image`."""
