"""Lever words: for each entry of a recipe that changes how well a model learns, what it does and when it helps.

For people who learn. The ladder's page, the documents and the help take their words from here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lever:
    """One lever: its `name` in a recipe, a `title`, what it `does`, and when it `helps` or hurts."""

    name: str
    title: str
    does: str
    helps: str


Words = dict[str, tuple[str, str, str]]

LEVERS: Words = {
    "epochs": (
        "Epochs",
        "How often the training goes through all pictures, at most.",
        "More help while the loss on unseen pictures still falls; after that the model learns its pictures by heart.",
    ),
    "learning_rate": (
        "Learning rate",
        "How far the weights move in each step.",
        (
            "It matters more than any other lever: too low and nothing is learned in time, too high and the loss "
            "jumps or becomes infinite; `boda find-rate` suggests one."
        ),
    ),
    "batch_size": (
        "Batch size",
        "How many pictures each step averages over.",
        (
            "Small batches take more steps and their noise can help on little data; large ones are steadier, want "
            "a higher learning rate, and need more memory."
        ),
    ),
    "optimizer": (
        "Optimizer",
        "The rule that makes steps from gradients.",
        (
            "AdamW is a safe start; SGD with momentum is sometimes a little better with a well chosen rate, and "
            "Lion wants a rate three to ten times lower than AdamW's."
        ),
    ),
    "momentum": (
        "Momentum",
        "How much of the last steps' direction SGD (also Nesterov's) and RMSprop keep; the others ignore it.",
        (
            "0.9 smooths noisy steps and is nearly always right; with a high learning rate, less of it keeps the "
            "loss from swinging."
        ),
    ),
    "schedule": (
        "Schedule",
        "How the learning rate falls during the training.",
        (
            "A rate that falls lets the weights settle, and cosine is a good default; a constant rate often ends "
            "worse, and plateau suits a training whose length is unknown."
        ),
    ),
    "warmup": (
        "Warm-up",
        "The share of the steps in which the learning rate rises from nearly 0.",
        (
            "It helps where the first steps would wreck good weights, as in fine-tuning, from scratch, or at high "
            "rates; for a small head it changes little."
        ),
    ),
    "weight_decay": (
        "Weight decay",
        "A steady pull of the weights towards 0.",
        "It helps where there are few pictures for many weights; too much of it makes every answer vague.",
    ),
    "label_smoothing": (
        "Label smoothing",
        "The target is no longer quite certain: a little of it is spread over all classes.",
        (
            "It helps against wrong labels and overconfident answers; it hurts where classes are clear, and makes "
            "confidences too low until they are calibrated."
        ),
    ),
    "class_weight": (
        "Class weights",
        "Pictures of rare classes count more.",
        (
            "It helps the recall of rare classes where counts differ much; overall accuracy often falls a little, "
            "and with even counts it changes nothing."
        ),
    ),
    "loss": (
        "Loss",
        "What is made small: cross-entropy, or the focal loss, which hardly counts pictures that are easy already.",
        (
            "Focal helps where a great many easy pictures drown a few hard ones; with wrong labels it hurts, "
            "since it keeps on at them."
        ),
    ),
    "focal_gamma": (
        "Focal gamma",
        "How strongly the focal loss ignores easy pictures; 0 is cross-entropy again.",
        "2 is usual; higher helps only under extreme imbalance and makes training slow and noisy.",
    ),
    "ema": (
        "Average of weights (EMA)",
        "Answers come from a moving average of the weights instead of their last values.",
        (
            "It helps where the loss swings from step to step, at high rates and small batches; in a short "
            "training the average lags behind."
        ),
    ),
    "mix": (
        "MixUp, CutMix and Mosaic",
        (
            "Pairs of samples are blended, or a patch of one is pasted into the other, and so are their labels; "
            "or four pictures with many boxes meet at a point."
        ),
        (
            "It helps against learning by heart in long trainings on few pictures; in short ones, or where small "
            "details decide, it hurts."
        ),
    ),
    "mix_alpha": (
        "Strength of mixing",
        "How evenly pairs are mixed: near 0 one of the two hardly shows, at 1 every share is as likely.",
        "0.2 is gentle and a good start for classes; higher values need longer trainings, and boxes begin with 1.5.",
    ),
    "augment": (
        "Augmentation",
        "Pictures are turned, cropped, and changed in colour, so that no two epochs look the same.",
        (
            "It is the strongest help where pictures are few; it hurts where it destroys what tells the classes "
            "apart, such as a flip of letters."
        ),
    ),
    "views": (
        "Views",
        "How many variants of each picture are made, the plain one among them.",
        (
            "More views help while augmentation does, with less gain from each; each costs as much time and room "
            "as the first."
        ),
    ),
}

HEAD: Words = {
    "hidden": (
        "Hidden layers",
        "Layers between the features and the answer, so that the head can bend its borders between classes.",
        (
            "They help where a straight border does not suffice and there are some hundred pictures a class; with "
            "few pictures they learn them by heart."
        ),
    ),
    "dropout": (
        "Dropout in the head",
        "In each step a share of the values is set to 0 at random, so that the head cannot lean on single ones.",
        (
            "It helps a head that learns its pictures by heart; too much of it, or a training too short, leaves "
            "the head half taught."
        ),
    ),
    "batch_norm": (
        "BatchNormalization in the head",
        "Values are brought to mean 0 and spread 1 within each batch.",
        "It helps deeper heads to learn at higher rates; with small batches its statistics are noise, and it hurts.",
    ),
}

STAGE: Words = {
    "thaw": (
        "What thaws",
        "Which layers of the network are trained beside the head: none, the last blocks, all, or all from scratch.",
        (
            "More layers help where pictures look unlike those the network knows and there are enough of them; "
            "with few pictures they forget more than they learn."
        ),
    ),
    "layer_decay": (
        "Layer-wise decay of the rate",
        "The learning rate of each block is so much that of the block above it, so that low layers change least.",
        (
            "It helps when many blocks thaw, since low layers hold what all pictures share; much below 0.7 it "
            "freezes them in effect."
        ),
    ),
    "batch_norm": (
        "BatchNormalization while thawed",
        "Whether its statistics stay those of the pretrained network, or are learned anew from each batch.",
        (
            "Leave them while fine-tuning: learning them anew from small batches is the commonest reason why it "
            "fails; only a network from scratch must learn them."
        ),
    ),
    "patience": (
        "Early stopping",
        "Training stops after so many epochs without a better loss on the inner split, and the best epoch counts.",
        (
            "It helps where the number of epochs is a guess and the rate stays high; with a rate that falls to nothing "
            "the last epochs are the good ones, and a small inner split stops them by chance."
        ),
    ),
    "clip_norm": (
        "Gradient clipping",
        "Gradients that are longer than this are shortened to it.",
        "It helps where single batches throw the loss up; set too low it slows every step.",
    ),
}

RECIPE: Words = {
    "size": (
        "Picture size",
        "The side of the square, in pixels, that the network sees.",
        (
            "Larger helps where what matters is small in the picture, at a cost in time that grows with the "
            "square; far from the size that the weights were trained with it hurts."
        ),
    ),
    "resize": (
        "Squash or crop",
        "Whether the whole picture is squashed into the square, or its centre is cut out with its shape kept.",
        "Crop helps where shapes tell and things are in the middle; squash helps where they can be at the edge.",
    ),
}

TABLES = {"head.": {**LEVERS, **HEAD}, "stage.": {**LEVERS, **STAGE}, "": RECIPE}
WORDS: dict[str, Lever] = {
    prefix + name: Lever(prefix + name, *words) for prefix, table in TABLES.items() for name, words in table.items()
}
