"""What a run of smbtorture consists of: the modes of the server, the tests of each, and what is expected of every test."""
import collections
import functools
import os
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))

# server: --mode of torture-server; protection: what the client asks for; drop: parameters of smb.conf.in that stay at Samba's
# defaults; file_system: made in a file and mounted for the shares; baseline: what Debian's smbd did; suites: those of the mode, all of
# the baseline's if empty.
Mode = collections.namedtuple("Mode", "server protection drop file_system baseline suites")
MODES = collections.OrderedDict([
    ("default", Mode("default", None, (), None, "smbd-4.17.tsv", ())),
    ("sign", Mode("sign", "sign", (), None, "smbd-4.17-sign.tsv", ())),
    ("encrypt", Mode("encrypt", "encrypt", (), None, "smbd-4.17-encrypt.tsv", ())),
    ("locking", Mode("default", None, ("kernel share modes", "posix locking"), None, "smbd-4.17.tsv",
                     ("smb2.durable-open-disconnect", "smb2.durable-v2-delay", "smb2.durable-v2-open", "smb2.lease", "smb2.lock"))),
    ("nonotify", Mode("nonotify", None, (), None, "smbd-4.17.tsv", ("smb2.change_notify_disabled",))),
    ("reflink", Mode("default", None, (), "xfs", "smbd-4.17.tsv", ("smb2.ioctl",))),
])
RECORDED = ("default", "sign", "encrypt")
# It needs a server of its own, and in the other modes does nothing but wait for the end of its time.
ONLY_IN = {"smb2.change_notify_disabled": "nonotify"}


def suite_of(test):
    return ".".join(test.split(".")[:2])


def lines_of(name):
    """The lines of a table beside this file, without comments."""
    with open(os.path.join(HERE, name)) as f:
        return [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]


def read_results(path):
    """test -> (result, first failure line) of a table that `torture` wrote."""
    rows = collections.OrderedDict()
    with open(path) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                column = line.rstrip("\n").split("\t") + ["", "", ""]
                rows[column[0]] = (column[1], column[3])
    return rows


def baseline(mode):
    return read_results(os.path.join(HERE, MODES[mode].baseline))


def passes_with_smbd(test):
    """Whether smbd passes it on any of the configurations that were recorded: the modes', and one that keeps attributes out of the
    file system (vfs objects = streams_depot xattr_tdb), where allocation sizes come out right."""
    tables = {mode.baseline for mode in MODES.values()} | {"smbd-4.17-depot.tsv"}
    return any(_cached(name).get(test, ("",))[0] == "pass" for name in tables)


@functools.lru_cache(None)
def _cached(name):
    return read_results(os.path.join(HERE, name))


def read_known(mode):
    """test -> (result, reason) of those that are known not to pass in this mode."""
    known = {}
    for line in lines_of("known-fail.txt"):
        modes, test, result, reason = line.split("\t", 3)
        if modes == "*" or mode in modes.split(","):
            known[test] = (result, reason)
    return known


def read_beyond():
    """test -> what makes it right, of those that pass here and not with smbd."""
    return dict(line.split("\t", 1) for line in lines_of("beyond.txt"))


def tests_of(mode):
    """All tests of a mode: those of its suites, or of all open suites, that were recorded."""
    suites = MODES[mode].suites or lines_of("suites.txt")
    names = []
    for test in baseline(mode):
        suite = suite_of(test)
        if suite not in suites:
            continue
        if ONLY_IN.get(suite, mode) == mode:
            names.append(test)
    return names


def named(tests, wanted):
    """Those of the tests that a list of suites and tests names."""
    return [t for t in tests if any(t == w or t.startswith(w + ".") for w in wanted)]


def third(tests):
    """A fixed third, by name."""
    return [t for t in tests if zlib.crc32(t.encode()) % 3 == 0]


def changed_files(since):
    """The files that differ from a revision, in commits or in the work tree. Without git there is nothing to compare with."""
    found = subprocess.run(["git", "diff", "--name-only", since], cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL)
    return found.stdout.decode().split() if found.returncode == 0 else []


def suites_of_area(files):
    """The suites that areas.txt names for changed files."""
    suites = []
    for line in lines_of("areas.txt"):
        prefix, names = line.split(None, 1)
        if any(f.startswith(prefix) for f in files):
            suites += ["smb2." + n if "." not in n else n for n in names.split()]
    return suites
