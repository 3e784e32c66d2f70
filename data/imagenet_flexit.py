"""``data=imagenet_flexit``: FlexIT's queries, which edit one ImageNet class to a similar one."""

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
"""Folders below ``root`` where the validation pictures may lie."""


@dataclass(frozen=True)
class Query:
    """An edit of the picture at ``path`` from the class ``source`` to the class ``target``.

    ``path`` is ``wnid/file``: the WordNet id of the source class and the picture's file name.
    """

    path: str
    source: str
    target: str
    split: str

    @property
    def name(self) -> str:
        """The picture's file name, without a folder."""
        return self.path.partition("/")[2]


@cache
def read_queries() -> tuple[Query, ...]:
    """The queries of both splits, in the order of FlexIT's authors."""
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
    """The queries of one split, in the authors' order; a missing picture keeps its item.

    ``root`` has ImageNet's validation pictures, flat or in one folder per wnid. ``prompt`` turns
    the name of a class into a caption. ``train`` has the training pictures in one folder per wnid;
    only ``references`` needs it. Raises ``InputError`` where ``split`` or ``prompt`` is wrong, and,
    on access to items, where ``root`` has none of the pictures.
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
        """The items, one per query of the split."""
        return [self._task(query, picture) for query, picture in _with_retrieved(self.split)]

    def __len__(self) -> int:
        """The number of queries of the split."""
        return len(self.tasks)

    def __getitem__(self, index: int) -> Task:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The item of query ``index``."""
        return self.tasks[index]

    def missing(self) -> list[str]:
        """Paths of the items' pictures and retrieved pictures whose files are missing."""
        pairs = _with_retrieved(self.split)
        paths = dict.fromkeys(self._path(query) for pair in pairs for query in pair)
        return [str(path) for path in paths if not path.is_file()]

    def classes(self) -> list[str]:
        """Names of the 273 classes, all of which are targets in both splits."""
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
        """The training pictures of a class, sorted by file name.

        Raises ``InputError`` where FlexIT does not have the class, ``train`` is not set, or the
        class has no pictures there.
        """
        if target_class not in self._wnids:
            raise InputError(f"{target_class!r} is none of FlexIT's {len(self._wnids)} classes")
        if self.train is None:
            raise InputError("train is not set: give ImageNet's training folder, train/<wnid>/")
        folder = Path(self.train) / self._wnids[target_class]
        pictures = _pictures_in(folder, folder.stat().st_mtime_ns) if folder.is_dir() else ()
        if not pictures:
            raise InputError(
                f"{folder} has no *.JPEG, so {target_class!r} is a class missing from the "
                "statistics: put its training pictures there"
            )
        return list(pictures)

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
        """The first folder of ``PLACES`` with a picture of a query, and whether it is by wnid.

        Raises ``InputError`` where there is none.
        """
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
    """Each query of a split, with a query whose picture shows the target class.

    The k-th query for a class gets the k-th picture of the class, counted cyclically; pictures of
    the same split come before those of the second split.
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


@cache
def _pictures_in(folder: Path, changed: int) -> tuple[Reference, ...]:
    """The pictures of a training folder, listed again where the folder has ``changed``."""
    del changed
    pictures = sorted(folder.glob("*.JPEG"))
    return tuple(
        Reference(f"{p.parent.name}/{p.name}, {p.stat().st_size} bytes", partial(open_picture, p))
        for p in pictures
    )
