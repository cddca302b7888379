"""Reads a page that a report has written: what is open, and which tags, attributes, ids and words it holds."""

from html.parser import HTMLParser

VOID = {"img", "meta", "br", "hr"}


class Page(HTMLParser):
    """Tags that are open, and every attribute, id, tag and text that was met."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.ids, self.tags, self.texts = [], [], [], [], []
        self.feed(text)
        self.close()

    @property
    def text(self):
        return " ".join("".join(self.texts).replace("\u202f", " ").replace("\u00a0", " ").split())

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.ids += [value for key, value in attrs if key == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
