"""bossa-testparm explain: what it says is what a client gets, from bossad and, but for what docs/differences.md lists, from smbd."""
import collections
import concurrent.futures
import fnmatch
import grp
import json
import os
import pwd
import random
import re
import subprocess

from harness import GROUP, PASSWORD, Failed, check, check_equal, run, test

DIALECTS = {"": 0, "SMB2_02": 0x0202, "SMB2_10": 0x0210, "SMB3_00": 0x0300, "SMB3_02": 0x0302, "SMB3_11": 0x0311}
RANKED = ("SMB2_02", "SMB2_10", "SMB3_00", "SMB3_02", "SMB3_11")
USERS = ("tester", "tester", "tester2", "tester2", "TESTER", "stranger", "")
CLIENTS = ("127.0.0.1", "127.0.0.1", "127.0.0.1", "127.1.2.3", "127.2.9.9", "127.3.4.5", "127.200.0.1")
NAMES = ("tester", "tester2", "@" + GROUP, "+" + GROUP, "nobody", "TESTER", "BOSSATEST\\tester", "%S", "root")
HOSTS = ("127.", "127.0.0.1", "127.1.0.0/255.255.0.0", "127.2.0.0/16", "ALL", "127.3.4.5", "192.0.2.", "127.1.", "ALL EXCEPT 127.2.9.9", "LOCAL")


class World:
    """A random configuration with its files, and questions about it."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.shares = collections.OrderedDict()
        for i in range(7):
            self.shares["s%d" % i] = self.share(i)
        if self.chance(0.5):
            self.shares["homes"] = dict(self.share(9), path="@ROOT@/data/s0", **{"valid users": self.some(("%S", "", "tester"))})
        self.share_lists = {}
        self.globals = self.global_()
        if self.chance(0.15):
            self.globals["default service"] = "s1"

    def chance(self, p):
        return self.random.random() < p

    def some(self, values):
        return self.random.choice(values)

    def list(self, values, most=3):
        return ", ".join(self.random.sample(values, self.random.randint(1, most)))

    def global_(self):
        low, high = sorted((self.some(range(5)) if self.chance(0.2) else 0, self.some(range(5)) if self.chance(0.3) else 4))
        out = {"server min protocol": RANKED[low], "server max protocol": RANKED[high], "map to guest": self.some(("Never", "Bad User", "Bad User", "Bad Password")),
               "server signing": self.some(("default", "auto", "mandatory", "disabled"))}
        if self.chance(0.3):
            out["server smb encrypt"] = self.some(("default", "off", "if_required", "desired", "desired", "required"))
        if self.chance(0.1):
            out["hosts allow"] = self.list(HOSTS)
        if self.chance(0.1):
            out["hosts deny"] = self.list(HOSTS)
        if self.chance(0.07):
            out["server smb3 signing algorithms"] = self.some(("AES-128-CMAC", "HMAC-SHA256 AES-128-CMAC", "AES-128-GMAC"))
        if self.chance(0.07):
            out["server smb3 encryption algorithms"] = self.some(("AES-128-CCM", "AES-256-GCM", "AES-128-GCM AES-128-CCM"))
        return out

    def share(self, number):
        out = {"read only": self.some(("yes", "no", "no"))}
        for name, p in (("valid users", 0.2), ("invalid users", 0.1), ("read list", 0.25), ("write list", 0.25), ("admin users", 0.15)):
            if self.chance(p):
                out[name] = self.list(NAMES)
        for name, p, values in (("guest ok", 0.4, ("yes", "no")), ("guest only", 0.15, ("yes",)), ("available", 0.05, ("no",)),
                                ("force user", 0.15, ("tester", "tester2", "nosuchuser")), ("force group", 0.15, (GROUP, "+" + GROUP, "nosuchgroup")),
                                ("smb encrypt", 0.2, ("required", "desired", "off", "if_required")), ("hosts allow", 0.1, HOSTS), ("hosts deny", 0.1, HOSTS),
                                ("veto files", 0.3, ("/veto.me/", "/*.txt/", "/closed/nothing/", "/dee?/")), ("follow symlinks", 0.2, ("no",)),
                                ("case sensitive", 0.15, ("yes",)), ("hide unreadable", 0.1, ("yes",))):
            if self.chance(p):
                out[name] = self.some(values)
        if self.chance(0.05):
            out["path"] = "@ROOT@/data/does-not-exist"
        return out

    def owner(self):
        return self.some((("tester", "users"), ("tester", "users"), ("tester2", "users"), ("root", "root"), ("tester", GROUP), ("root", GROUP), ("nobody", "nogroup")))

    def make_files(self, server):
        """The same for every server, from the seed alone."""
        self.random.seed("%s files" % self.seed)
        for share in self.shares:
            if share == "homes" or "does-not-exist" in self.shares[share].get("path", ""):
                continue
            root = server.data(share)
            for folder, modes in (("", (0o755, 0o777, 0o777, 0o770, 0o711)), ("pub", (0o755, 0o777, 0o775)), ("closed", (0o700, 0o750, 0o711, 0o000)),
                                  ("deep", (0o755, 0o710)), ("deep/a", (0o755, 0o700, 0o1777)), ("deep/a/b", (0o777, 0o555))):
                path = os.path.join(root, folder)
                os.makedirs(path, exist_ok=True)
                self.own(path, self.some(modes))
            for name, modes in (("pub/readable.txt", (0o644, 0o666, 0o444)), ("pub/locked.txt", (0o600, 0o640, 0o660)), ("closed/in.txt", (0o644, 0o600)),
                                ("deep/a/b/c.txt", (0o644, 0o000, 0o604, 0o646)), ("veto.me", (0o666,)), (".dot", (0o644,)), ("ro.txt", (0o444, 0o666))):
                path = os.path.join(root, name)
                with open(path, "w") as f:
                    f.write("content")
                self.own(path, self.some(modes))
            if self.chance(0.5):  # FILE_ATTRIBUTE_READONLY, as smbd stores it
                os.setxattr(os.path.join(root, "ro.txt"), "user.DOSATTRIB", b"0x1\0")
            for name, target in (("link-in", "pub/readable.txt"), ("link-out", "/etc/hostname"), ("link-dir", "pub"), ("link-none", "nothing")):
                os.symlink(target, os.path.join(root, name))

    def make_lists(self, server):
        """Some shares get an access list of their own."""
        self.random.seed("%s lists" % self.seed)
        sids = ["S-1-1-0", "S-1-5-11", "S-1-22-2-%d" % grp.getgrnam(GROUP).gr_gid] + ["S-1-22-1-%d" % pwd.getpwnam(name).pw_uid for name in ("tester", "tester2", "nobody")]
        for share in self.shares:
            if share == "homes" or not self.chance(0.2):
                continue
            entries = ["%s:%s/0x0/%s" % (sid, self.some(("ALLOWED", "ALLOWED", "ALLOWED", "DENIED")), self.some(("READ", "CHANGE", "FULL", "0x3", "0x120089")))
                       for sid in self.random.sample(sids, self.random.randint(1, 4))]
            status, out = run(["sharesec", "-s", server.conf, share, "--replace=" + ",".join(entries)])
            check(status == 0, entries, out)
            self.share_lists[share] = entries

    def own(self, path, mode):
        user, group = self.owner()
        os.chown(path, pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
        os.chmod(path, mode)

    def questions(self, count, first):
        self.random.seed("%s questions" % self.seed)
        out = []
        for number in range(first, first + count):
            folder = self.some(("", "pub/", "closed/", "deep/a/b/", "missing/", "link-dir/", "pub/readable.txt/"))
            known = ("", "pub", "closed", "pub/readable.txt", "pub/readable.txt", "pub/locked.txt", "closed/in.txt", "deep/a/b/c.txt", "deep/a", "veto.me", ".dot",
                     "ro.txt", "link-in", "link-out", "link-dir/readable.txt", "PUB/Readable.TXT", "bad*name", "link-none", "nothing", "pub/nothing")
            dialect = self.some(tuple(DIALECTS)) if self.chance(0.4) else ""
            write = self.chance(0.5)
            # what a question makes must not be another question's
            made = write and self.chance(0.4)
            protection = ("as_asked",) * 12 + ("always", "always", "never")
            out.append({"id": number, "user": self.some(USERS), "password": PASSWORD, "client": self.some(CLIENTS),
                        "share": self.some(tuple(n for n in self.shares if n != "homes") * 5 + ("tester", "tester2", "homes", "nowhere", "IPC$", "S1")),
                        "path": folder + "new-%d.txt" % number if made else self.some(known[:-3] if write else known), "write": write, "dialect": dialect,
                        "signing": self.some(protection), "encryption": self.some(protection)})
        return out


def ask(argv, questions):
    """One line out for each line in; in one process."""
    lines = "".join(json.dumps(q) + "\n" for q in questions)
    done = subprocess.run(argv, input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    answers = [json.loads(x) for x in done.stdout.decode().splitlines()]
    check(done.returncode == 0 and len(answers) == len(questions), argv[0], "gave", len(answers), "answers:", done.stderr.decode())
    return answers


def probe(case, server, questions):
    """In four processes, since much of the time is waiting."""
    plain = [dict(q, dialect=DIALECTS[q["dialect"]]) for q in questions]
    parts = [plain[i::4] for i in range(4)]
    argv = [case.state.program("bossa-probe"), "--port", str(server.port)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda part: ask(argv, part), parts))
    answers = [None] * len(plain)
    for i, part in enumerate(done):
        answers[i::4] = part
    return answers


def verdict(answer):
    """What both sides can be compared by. A connection that is closed in answer to something counts as ACCESS_DENIED."""
    status = answer["status"]
    if answer["stage"] == "connection" or status == "STATUS_NETWORK_NAME_DELETED":
        status = "STATUS_ACCESS_DENIED"
    return answer["allowed"], answer["stage"], status, answer["by_client"]


def smbd_is_stricter(world, question, server):
    """Null sessions there (docs/differences.md): `force group` puts its group in the place of Everyone into the token, and what the guest
    account owns is not theirs, as they are S-1-5-7 and not the account."""
    if question["user"]:
        return False
    if "force group" in world.shares.get(question["share"].lower(), {}):
        return True
    path = server.data(question["share"].lower(), question["path"])
    return os.path.exists(path) and os.stat(path).st_uid == pwd.getpwnam("nobody").pw_uid


def bossad_is_stricter(world, question, server):
    """What a symbolic link leads to is vetoed here as its own name is (docs/differences.md)."""
    share = question["share"].lower()
    vetoed = [x for x in world.shares.get(share, {}).get("veto files", "").split("/") if x]
    asked = server.data(share, question["path"])
    target = os.path.realpath(asked)
    if target == asked:
        return False
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for name in os.path.relpath(target, server.data(share)).split("/") for pattern in vetoed)


def compare(case, seed, worlds, each, smbd_each):
    """Returns (questions, mismatches with bossad, questions to smbd, differences from smbd, how many were allowed)."""
    asked = allowed = 0
    wrong, differing, statuses, ends = [], [], collections.Counter(), collections.Counter()
    to_smbd = 0
    only = os.environ.get("BOSSA_WORLD")  # one of a seed's configurations, to look into
    for number in [int(only)] if only else range(worlds):
        world = World("%s-%d" % (seed, number))
        server = case.prepare(dict(world.globals), dict(world.shares), kind="bossad")
        world.make_files(server)
        world.make_lists(server)
        questions = world.questions(each, number * each)
        foretold = ask([case.state.program("bossa-testparm"), "explain", "--batch", "-s", server.conf], questions)
        server.start()
        got = probe(case, server, questions)
        server.stop()
        for question, said, real in zip(questions, foretold, got):
            asked += 1
            allowed += real["allowed"]
            ends[verdict(real)[1:3]] += 1
            if verdict(said) != verdict(real):
                wrong.append({"world": number, "question": question, "said": verdict(said), "got": verdict(real), "rules": [r["text"] for r in said["rules"]][-3:],
                              "share": world.shares.get(question["share"].lower()), "list": world.share_lists.get(question["share"].lower()), "global": world.globals})
        if smbd_each:
            other = case.prepare(dict(world.globals), dict(world.shares), kind="smbd")
            world.make_files(other)
            world.make_lists(other)
            other.start()
            theirs = probe(case, other, questions[:smbd_each])
            other.stop(judge=False)
            for question, ours, real in zip(questions, got, theirs):
                to_smbd += 1
                statuses[verdict(ours)[1:3] + verdict(real)[1:3]] += verdict(ours) != verdict(real)
                known = smbd_is_stricter(world, question, other) if ours["allowed"] else bossad_is_stricter(world, question, other)
                if ours["allowed"] != real["allowed"] and not known:
                    differing.append({"world": number, "question": question, "bossad": verdict(ours), "smbd": verdict(real),
                                      "share": world.shares.get(question["share"].lower()), "list": world.share_lists.get(question["share"].lower()),
                                      "global": world.globals})
    if os.environ.get("BOSSA_EXPLAIN_OUT"):
        with open(os.environ["BOSSA_EXPLAIN_OUT"], "w") as f:
            json.dump({"wrong": wrong, "differing": differing, "statuses": [[*k, n] for k, n in statuses.most_common() if n],
                       "ends": [[*k, n] for k, n in ends.most_common()]}, f, indent=1)
    return asked, wrong, to_smbd, differing, allowed


@test("explain says what a client gets: random users, addresses, shares, paths, dialects and protection, and smbd agrees", alone=True, servers=("bossad",))
def differential(case):
    full = bool(os.environ.get("BOSSA_FULL"))
    seed = os.environ.get("BOSSA_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print("explain: BOSSA_SEED=%s%s" % (seed, " (all)" if full else ""), flush=True)
    worlds, each = (30, 70) if full else (8, 70)
    asked, wrong, to_smbd, differing, allowed = compare(case, seed, worlds, each, (each + 2) // 3)
    print("explain: %d questions, %d allowed, %d also to smbd; %d foretold wrongly, %d answered otherwise by smbd" %
          (asked, allowed, to_smbd, len(wrong), len(differing)), flush=True)
    check(asked * 0.05 < allowed < asked * 0.9, "the questions are no test: %d of %d allowed" % (allowed, asked))
    check(not wrong, "BOSSA_SEED=%s: foretold wrongly:" % seed, json.dumps(wrong[:3], indent=1))
    check(not differing, "BOSSA_SEED=%s: smbd answers otherwise:" % seed, json.dumps(differing[:3], indent=1))
