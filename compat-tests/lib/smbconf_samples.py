"""Real smb.conf files for tests, and what Samba's own testparm said of them when they were recorded."""
import collections
import glob
import os
import re

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OWN = os.path.join(PROJECT, "confparse", "testdata", "corpus")
BESIDE = os.path.join(PROJECT, "..", "shared", "corpus", "smbconf")  # more of them, where somebody has put them
TABLE = os.path.join(PROJECT, "confparse", "testdata", "smbconf-parameters.tsv")
# What testparm writes of a file that is not as it was meant.
BLEMISH = re.compile(r"Unknown parameter|Global parameter|Ignoring invalid|Invalid combination|ERROR|unavailable|not boolean")

Sample = collections.namedtuple("Sample", "path text correct loads")
Parameter = collections.namedtuple("Parameter", "name scope type values default synonyms flags")


def fold(name):
    """The form in which Samba compares parameter names."""
    return re.sub(r"\s+", "", name).lower()


def samples():
    """All real files, one Sample each; `correct`: testparm had nothing to say against it."""
    found = collections.OrderedDict()
    for folder in (OWN, BESIDE):
        for path in sorted(glob.glob(os.path.join(folder, "*.conf"))):
            with open(path, "rb") as f:
                text = f.read().decode("latin-1")
            with open(path[:-5] + ".testparm.err", "rb") as f:
                said = f.read().decode("latin-1")
            found.setdefault(text, Sample(path, text, not BLEMISH.search(said), said.startswith("exit 0")))
    return list(found.values())


def parameters():
    """Samba's own table, as recorded from testparm."""
    rows = []
    with open(TABLE, encoding="utf-8") as f:
        for line in f:
            field = line.rstrip("\n").split("\t")
            if line.startswith("#") or field[0] == "name" or len(field) < 8:
                continue
            synonyms = [(s.lstrip("!"), s.startswith("!")) for s in field[5].split(", ") if s]
            rows.append(Parameter(field[0], field[1], field[2], [v for v in field[3].split("|") if v], field[4], synonyms, field[6]))
    return rows
