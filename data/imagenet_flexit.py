"""``data=imagenet_flexit``: FlexIT's queries, edits from one ImageNet class to a similar one."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path

from data.images import open_picture
from data.opener import PictureFile
from data.task import Reference, Task
from pti.errors import InputError

MANIFEST = Path(__file__).parent / "manifests" / "flexit_queries.csv"

PLACES = ("val", "ILSVRC/Data/CLS-LOC/val", ".")
"""Where below ``root`` the validation pictures may lie."""


@dataclass(frozen=True)
class Query:
    """Make the picture at ``path``, which shows a ``source``, show a ``target``.

    The path is ``wnid/file``: WordNet's name of the source class, and the bare name.
    """

    path: str
    source: str
    target: str
    split: str

    @property
    def name(self) -> str:
        """The picture's bare name."""
        return self.path.partition("/")[2]


@cache
def read_queries() -> tuple[Query, ...]:
    """All queries of both splits, in the authors' order."""
    with MANIFEST.open(encoding="utf-8", newline="") as file:
        return tuple(
            Query(
                path=row["path"],
                source=row["source"],
                target=row["target"],
                split="test" if row["is_test"] == "True" else "dev",
            )
            for row in csv.DictReader(file)
        )


@dataclass(frozen=True)
class ImagenetFlexit(Sequence[Task]):
    """The queries of one split, in the authors' order; a picture that is missing keeps its item.

    ``root`` holds ImageNet's validation pictures, flat or in a folder a wnid. ``prompt`` makes a
    caption of a class's name. ``train`` holds the training pictures in a folder a wnid; only
    ``references`` needs it. Raises ``InputError`` where ``split`` or ``prompt`` is wrong, and once
    items are asked for where ``root`` holds none of the pictures.
    """

    root: str
    split: str = "test"
    prompt: str = "a photo of a {label}"
    train: str | None = None

    def __post_init__(self) -> None:
        if self.split not in ("dev", "test"):
            raise InputError(f"split={self.split!r}: choose dev or test")
        if "{label}" not in self.prompt:
            raise InputError(
                f"prompt={self.prompt!r} has no {{label}}: put it where the name of the class goes"
            )

    @cached_property
    def tasks(self) -> list[Task]:
        """An item a query of the split."""
        return [self._task(query, picture) for query, picture in _with_retrieved(self.split)]

    def __len__(self) -> int:
        """Queries of the split."""
        return len(self.tasks)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Query ``index``."""
        return self.tasks[index]

    def missing(self) -> list[str]:
        """Files that items open, be it as picture or as retrieved one, and that are not there."""
        pairs = _with_retrieved(self.split)
        paths = dict.fromkeys(self._path(query) for pair in pairs for query in pair)
        return [str(path) for path in paths if not path.is_file()]

    def classes(self) -> list[str]:
        """Names of the 273 classes, each of which is a target in either split."""
        return sorted({query.target for query in read_queries()})

    def examined(self) -> tuple[list[str], list[str]]:
        """How many classes and training pictures there are, and the classes that have none."""
        classes = [f"classes: {len(self.classes())}"]
        if self.train is None:
            return classes, ["train is not set: CSFID needs ImageNet's training folder, train=..."]
        sizes: list[int] = []
        without: list[str] = []
        for name in self.classes():
            try:
                sizes.append(len(self.references(name)))
            except InputError as error:
                sizes.append(0)
                without.append(str(error))
        return [*classes, f"train pictures a class: {min(sizes)}..{max(sizes)}"], without

    def references(self, target_class: str) -> list[Reference]:
        """The training pictures of a class, by name of file.

        Raises ``InputError`` where ``train`` is not set or has none of them, and where FlexIT has
        no such class.
        """
        if target_class not in self._wnids:
            raise InputError(f"{target_class!r} is none of FlexIT's {len(self._wnids)} classes")
        if self.train is None:
            raise InputError("train is not set: give ImageNet's training folder, train/<wnid>/")
        folder = Path(self.train) / self._wnids[target_class]
        pictures = sorted(folder.glob("*.JPEG"))
        if not pictures:
            raise InputError(
                f"{folder} has no *.JPEG, so {target_class!r} is a class missing from the "
                "statistics: put its training pictures there"
            )
        return [
            Reference(
                f"{p.parent.name}/{p.name}, {p.stat().st_size} bytes", partial(open_picture, p)
            )
            for p in pictures
        ]

    @cached_property
    def _wnids(self) -> dict[str, str]:
        return {query.source: query.path.partition("/")[0] for query in read_queries()}

    def _task(self, query: Query, retrieved: Query) -> Task:
        return Task(
            key=Path(query.name).stem,
            caption=self._caption(query.source),
            target=self._caption(query.target),
            words=(query.target,),
            target_class=query.target,
            open=PictureFile(partial(Path, self._path(query))),
            retrieved=PictureFile(partial(Path, self._path(retrieved))),
        )

    def _caption(self, label: str) -> str:
        return self.prompt.replace("{label}", label)

    def _path(self, query: Query) -> Path:
        folder, by_wnid = self._layout
        return folder / (query.path if by_wnid else query.name)

    @cached_property
    def _layout(self) -> tuple[Path, bool]:
        """The first folder that holds any picture of any query, and whether by wnid."""
        for folder in (Path(self.root) / place for place in PLACES):
            if any((folder / query.path).is_file() for query in read_queries()):
                return folder, True
            if any((folder / query.name).is_file() for query in read_queries()):
                return folder, False
        example = read_queries()[0]
        raise InputError(
            f"root={self.root} holds no picture of FlexIT's queries: give the folder of ImageNet's "
            f"validation set, which has files such as {example.name} or {example.path} in val/, in "
            "ILSVRC/Data/CLS-LOC/val/ or in itself"
        )


def _with_retrieved(split: str) -> Iterator[tuple[Query, Query]]:
    """Each query of a split, and one whose picture shows the wanted class.

    The k-th query for a class gets the class's k-th picture, those of the split first and then
    those of the other one, and from the first again where there are fewer.
    """
    pictures: defaultdict[str, list[Query]] = defaultdict(list)
    for query in sorted(read_queries(), key=lambda query: query.split != split):
        pictures[query.source].append(query)
    earlier: Counter[str] = Counter()
    for query in read_queries():
        if query.split == split:
            shown = pictures[query.target]
            yield query, shown[earlier[query.target] % len(shown)]
            earlier[query.target] += 1
