"""bossa-testparm lint against files that somebody has mistyped. The mutations are made here, from Samba's own table, and know nothing of
how lint works."""
import collections
import concurrent.futures
import json
import os
import random
import re
import time

from harness import check, check_equal, read_text, run, test
from smbconf_samples import fold, parameters, samples

# The parameters that decide who gets in, as whom, to what, and how protected.
ACCESS = """valid users, invalid users, read list, write list, admin users, read only, guest ok, guest only, hosts allow, hosts deny,
force user, force group, create mask, force create mode, directory mask, force directory mode, path, available, browseable,
veto files, follow symlinks, wide links, server smb encrypt, hide unreadable, access based share enum, inherit permissions,
server signing, server min protocol, server max protocol, map to guest, guest account, restrict anonymous, ntlm auth, null passwords,
security, server role, passdb backend, username map, interfaces, bind interfaces only, smb ports, encrypt passwords, lanman auth,
usershare allow guests, obey pam restrictions"""
ACCESS = {fold(name) for name in ACCESS.replace("\n", " ").split(",")}
SETTING = re.compile(r"^(\s*)([^=#;\[\s][^=]*?)(\s*=\s*)(.*?)(\s*)$")
BOOLEAN = ("yes", "no", "true", "false", "1", "0", "on", "off")

Mutation = collections.namedtuple("Mutation", "kind source text line was became")


class Table:
    def __init__(self):
        self.by_name = {}
        for row in parameters():
            for name in [row.name] + [s for s, _ in row.synonyms]:
                self.by_name[fold(name)] = row

    def row(self, name):
        return self.by_name.get(fold(name))


def lines_of(sample):
    """(line number from 0, name, value, section name or None) of every plain setting."""
    section, found, joined = None, [], False
    for number, line in enumerate(sample.text.split("\n")):
        part_of_last, joined = joined, line.rstrip().endswith("\\") and not line.lstrip().startswith(("#", ";"))
        if part_of_last or joined:
            continue
        header = re.match(r"^\s*\[([^\]]*)\]", line)
        if header:
            section = header.group(1)
            continue
        match = SETTING.match(line.rstrip("\r"))
        if match and not line.lstrip().startswith(("#", ";")):
            found.append((number, match.group(2), match.group(4), section))
    return found


def is_global(section):
    return section is None or fold(section) in ("global", "globals")


def drop_letter(word, chance):
    at = chance.choice([i for i, c in enumerate(word) if c.isalpha()])
    return word[:at] + word[at + 1:]


def swap_letters(word, chance):
    places = [i for i in range(len(word) - 1) if word[i].isalpha() and word[i + 1].isalpha() and word[i].lower() != word[i + 1].lower()]
    if not places:
        return word
    at = chance.choice(places)
    return word[:at] + word[at + 1] + word[at] + word[at + 2:]


def put(lines, number, text):
    out = list(lines)
    out[number] = text
    return "\n".join(out)


class Mutator:
    """One mistake in one line of one real file."""

    def __init__(self, chance, table, sources):
        self.chance, self.table = chance, table
        self.places = []
        for sample in sources:
            found = lines_of(sample)
            for place in found:
                row = table.row(place[1])
                if row and fold(row.name) in ACCESS:
                    self.places.append((sample, place, row, found))

    def make(self):
        while True:
            sample, place, row, found = self.chance.choice(self.places)
            kind = self.chance.choice((self.name_drop, self.name_swap, self.wrong_section, self.wrong_value))
            mutation = kind(sample, place, row, found)
            if mutation:
                return mutation

    def rename(self, kind, change, sample, place):
        number, name, _, _ = place
        became = change(name, self.chance)
        if fold(became) == fold(name) or self.table.row(became) or not became.strip():
            return None  # Samba takes it for the same or another name
        lines = sample.text.split("\n")
        return Mutation(kind, sample, put(lines, number, lines[number].replace(name, became, 1)), number + 1, name, became)

    def name_drop(self, sample, place, row, found):
        return self.rename("dropped letter", drop_letter, sample, place)

    def name_swap(self, sample, place, row, found):
        return self.rename("swapped letters", swap_letters, sample, place)

    def wrong_value(self, sample, place, row, found):
        number, _, value, _ = place
        if row.type not in ("bool", "enum") or not value:
            return None
        change = self.chance.choice((drop_letter, swap_letters, lambda v, c: v + c.choice("xq"), lambda v, c: c.choice(("maybe", "enable", "y"))))
        if not any(c.isalpha() for c in value):
            return None
        became = change(value, self.chance)
        valid = [fold(v.split("=")[0]) for v in row.values] + list(BOOLEAN if row.type == "bool" else ())
        if fold(became) in valid:
            return None
        lines = sample.text.split("\n")
        head, _, _ = lines[number].partition("=")
        return Mutation("wrong value", sample, put(lines, number, head + "= " + became), number + 1, value, became)

    def wrong_section(self, sample, place, row, found):
        number, name, _, section = place
        lines = sample.text.split("\n")
        if row.scope == "G":
            # behind a line of some share, or under the header of one
            targets = [n for n, _, _, s in found if not is_global(s) and n != number]
        else:
            targets = [n for n, _, _, s in found if is_global(s) and n != number] if not is_global(section) else []
        if not targets:
            return None
        target = self.chance.choice(targets)
        moved = lines[number]
        rest = lines[:number] + lines[number + 1:]
        at = target if target < number else target - 1
        rest.insert(at + 1, moved)
        return Mutation("wrong section", sample, "\n".join(rest), at + 2, name, "after line %d" % (at + 1))


def lint(case, path, *options):
    status, out = run([case.state.program("bossa-testparm"), "lint", "--json", "--no-system"] + list(options) + [path], timeout=120)
    check(status in (0, 1), "exit status", status, out)
    found = json.loads(out)
    check_equal(status, 1 if found["errors"] else 0, "exit status for %d errors" % found["errors"])
    return found["findings"]


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(function, items))


@test("lint finds 99 of 100 mistakes in parameters that decide about access, and no error in correct files", servers=("bossad",))
def mutations(case):
    seed = int(os.environ.get("BOSSA_SEED") or time.time_ns() % 2**32)
    count = int(os.environ.get("BOSSA_MUTATIONS") or 600)
    print("  lint: seed %d" % seed, flush=True)
    chance = random.Random(seed)
    sources = samples()
    before = {}
    for sample in sources:
        path = case.local("smb.conf", sample.text.encode("latin-1"))
        before[sample] = lint(case, path)
        errors = [f for f in before[sample] if f["severity"] == "error"]
        check(not (sample.correct and errors), os.path.basename(sample.path), "is correct, and lint says", errors)
    mutator = Mutator(chance, Table(), [s for s in sources if s.loads])
    made = []
    seen = set()
    while len(made) < count:
        mutation = mutator.make()
        if (mutation.source.path, mutation.text) not in seen:
            seen.add((mutation.source.path, mutation.text))
            made.append(mutation)

    def found(numbered):
        number, mutation = numbered
        path = case.local("m%d.conf" % number, mutation.text.encode("latin-1"))
        findings = lint(case, path)
        os.unlink(path)
        def key(f):
            return (f["rule"], f["message"])
        old = {key(f) for f in before[mutation.source]}
        here = [f for f in findings if f["line"] == mutation.line and key(f) not in old]
        if mutation.kind == "wrong section":
            return any(f["severity"] != "note" for f in here) or any(f["line"] == mutation.line and f["rule"] in ("share-default", "late-default", "wrong-section")
                                                                      for f in findings)
        return any(f["severity"] == "error" for f in here)
    results = in_parallel(found, enumerate(made))
    missed = [m for m, hit in zip(made, results) if not hit]
    kinds = collections.Counter(m.kind for m in made)
    print("  lint: %d of %d mutations found (%s)" % (len(made) - len(missed), len(made), ", ".join("%s %d" % k for k in sorted(kinds.items()))), flush=True)
    check(all(kinds[k] >= count // 20 for k in ("dropped letter", "swapped letters", "wrong section", "wrong value")), kinds)
    check(len(missed) * 100 <= len(made), "seed", seed, "missed:", [(m.kind, os.path.basename(m.source.path), m.line, m.was, m.became) for m in missed])


@test("lint --fix changes nothing the second time, keeps every comment and leaves no finding that it could mend", servers=("bossad",))
def fix_twice(case):
    seed = int(os.environ.get("BOSSA_SEED") or time.time_ns() % 2**32)
    print("  lint --fix: seed %d" % seed, flush=True)
    chance = random.Random(seed)
    sources = samples()
    mutator = Mutator(chance, Table(), [s for s in sources if s.loads])
    texts = [s.text for s in sources] + [mutator.make().text for _ in range(60)]

    def comments(text):
        return [line.strip() for line in text.split("\n") if re.match(r"^\s*[#;]", line)]

    def twice(numbered):
        number, text = numbered
        path = case.local("f%d.conf" % number, text.encode("latin-1"))
        lint(case, path, "--fix")
        once = open(path, "rb").read()
        left = lint(case, path, "--fix")
        check_equal(open(path, "rb").read(), once, "second --fix")
        check(not [f for f in left if f["fix"] and f["fix"]["automatic"]], "left over:", left)
        kept = iter(comments(once.decode("latin-1")))
        check(all(c in kept for c in comments(text)), "a comment is gone from", path)
        blank = lambda t: sum(1 for line in t.split("\n") if not line.strip())
        check(blank(once.decode("latin-1")) >= blank(text), "a blank line is gone from", path)
        os.unlink(path)
    in_parallel(twice, enumerate(texts))


@test("lint --fix mends a misspelt file so that testparm reads what was meant", servers=("bossad",))
def fix_restores(case):
    good = "[global]\n\tserver signing = mandatory\n\tmap to guest = Bad User\n[s]\n\tpath = /srv\n\tvalid users = bob\n\tread only = no\n"
    bad = good.replace("signing", "sigining").replace("valid users", "valid user").replace("read only", "raed only").replace("Bad User", "BadUsr")
    path = case.local("smb.conf", bad)
    check(os.stat(path).st_mode & 0o777 != 0o600, "the test needs a mode of its own")
    os.chmod(path, 0o640)
    lint(case, path, "--fix")
    check_equal(read_text(path), good, "the mended file")
    check_equal(os.stat(path).st_mode & 0o777, 0o640, "mode")
    status, out = run(["testparm", "-s", path])
    check(status == 0 and "Unknown parameter" not in out, out)


@test("testparm --strict fails on a misspelt access parameter, testparm alone does not, and each says what testparm prints", servers=("bossad",))
def strict(case):
    program = case.state.program("bossa-testparm")
    for line, failing in (("valid user = bob", True), ("hosts alow = 10.", True), ("os levl = 3", False), ("comment = x", False)):
        path = case.local("smb.conf", "[s]\n\tpath = /tmp\n\t%s\n" % line)
        status, out = run([program, "-s", "-l", path])
        check_equal(status, 0, "status for " + line)
        strict_status, strict_out = run([program, "-s", "-l", "--strict", path])
        check_equal(strict_status, 1 if failing else 0, "strict status for " + line)
        check(not failing or "smb.conf:3:" in strict_out, "place:", strict_out)


@test("a misspelt access parameter: the server starts, the log has an error line, with bossa:strict access the share is closed",
      servers=("bossad",))
def misspelt_start(case):
    for strictly in (False, True):
        options = {"bossa:strict access": "yes"} if strictly else {}
        server = case.start(options, {"share": {}, "slip": {"valid user": "tester2"}})
        check(re.search(r"smb\.conf:\d+:\d+: error: .*valid user'.*'valid users'", server.messages()), "no error line:", server.messages()[-800:])
        case.smbclient(server, "share", "ls").must()
        result = case.smbclient(server, "slip", "ls")
        check((result.status == 0) != strictly, "strict access", strictly, result.text)
        server.stop()
