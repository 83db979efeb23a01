"""Where two PDFs put their words, by `pdftotext -bbox`."""
import html
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field

WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>')
# Points; beyond, a word is named in the report.
FAR = 3.0


@dataclass
class Comparison:
    pages: tuple
    words: int
    found: int
    left: float
    right: float
    down: float
    examples: list = field(default_factory=list)

    @property
    def share(self):
        return 100 * self.found / self.words if self.words else 100.0

    def faults(self):
        """What is not as close as it must be: same pages, 99.5 % of the words on the same page, 95 % within 1 pt."""
        if self.pages[0] != self.pages[1]:
            yield f"pages {self.pages[0]} / {self.pages[1]}"
        if self.share < 99.5:
            yield f"only {self.share:.2f} % of the words are on the same page"
        for name in ("left", "right", "down"):
            distance = getattr(self, name)
            if distance > 1:
                yield f"95 % of the words are only within {distance:.2f} pt ({name})"


def read(pdf):
    """The words of every page: text, left, top, right, bottom in points."""
    out = subprocess.run(["pdftotext", "-bbox", str(pdf), "-"], capture_output=True, text=True, check=True).stdout
    pages = []
    for line in out.splitlines():
        if "<page " in line:
            pages.append([])
        elif match := WORD.search(line):
            pages[-1].append((html.unescape(match[5]), *map(float, match.groups()[:4])))
    return pages


def percentile(distances):
    ordered = sorted(map(abs, distances))
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)] if ordered else 0.0


def compare(ours, reference):
    """Matches words by text, page by page, the nearest first."""
    ours, reference = read(ours), read(reference)
    left, right, down, examples = [], [], [], []
    for number, (page, other) in enumerate(zip(ours, reference), 1):
        places = defaultdict(list)
        for word in other:
            places[word[0]].append(word)
        for text, x0, y0, x1, y1 in page:
            candidates = places[text]
            if not candidates:
                examples.append(f"page {number}: {text!r} is not on the browser's page")
                continue
            near = min(candidates, key=lambda word: abs(word[2] - y0) + abs(word[1] - x0))
            candidates.remove(near)
            left.append(near[1] - x0)
            right.append(near[3] - x1)
            down.append((near[2] + near[4] - y0 - y1) / 2)
            if max(abs(left[-1]), abs(down[-1])) > FAR:
                examples.append(f"page {number}: {text!r} at {x0:.1f}, {y0:.1f}; browser {near[1]:.1f}, {near[2]:.1f}")
    total = max(sum(map(len, ours)), sum(map(len, reference)))
    return Comparison(
        pages=(len(ours), len(reference)),
        words=total,
        found=len(left),
        left=percentile(left),
        right=percentile(right),
        down=percentile(down),
        examples=examples,
    )
