"""The policy matrix: format x dialect x server's settings x share's setting x what the client does, against a table of what they mean.

The expectations follow from the documented meaning of the parameters (smb.conf(5): server signing, server smb encrypt; the Fusion
manual: require_message_signing, encrypt_data, reject_unencrypted_access) and from [MS-SMB2], not from any server. The rows cover every
pair of values, which is checked; the smb.conf half is asked of smbd too.
"""
import itertools
import json
import os
import random
import subprocess

from fusion import fusion
from harness import check, tail, test

DIALECTS = (0x0202, 0x0210, 0x0300, 0x0302, 0x0311)
SIGNING = ("as_asked", "always", "never", "wrong")  # what the client does: wrong: signs, but not rightly
ENCRYPTION = ("as_asked", "always", "never")
DENIED, DROPPED, SILENCE, BY_CLIENT = "STATUS_ACCESS_DENIED", "STATUS_NETWORK_NAME_DELETED", "STATUS_IO_TIMEOUT", "STATUS_NOT_SUPPORTED"
ROWS_EACH = 30  # of one server's configuration


def refused(stage, *statuses, by_client=False):
    return {"allowed": False, "stage": stage, "statuses": statuses, "by_client": by_client}


def served(answer):
    return {"allowed": True, "answer": answer}


# ---------------------------------------------------------------- what smb.conf means

SAMBA_SIGNING = ("default", "auto", "mandatory", "disabled")
SAMBA_GLOBAL = (None, "off", "if_required", "desired", "required")
SAMBA_SHARE = (None, "off", "if_required", "desired", "required")


def samba_expects(row):
    """smb.conf(5). server signing: SMB2 and later always offer it; mandatory demands it. server smb encrypt in [global]: off disables it for
    all, and denies shares that demand it; desired turns it on for sessions that can; required denies the server to who cannot. On a share:
    desired and required turn it on for clients that can; required denies the share to who cannot; off and if_required have no effect."""
    can = row["dialect"] >= 0x0300 and row["encrypts"] != "never" and row["global"] != "off"
    if row["global"] == "required" and not can:
        return refused("logon", DENIED)
    if row["encrypts"] == "always" and not can:
        return refused("logon", BY_CLIENT, by_client=True)
    session_sealed = row["encrypts"] == "always" or row["global"] in ("desired", "required")
    session_sealed = session_sealed and can
    must_sign = row["signing"] == "mandatory"
    if not session_sealed:
        if row["signs"] == "wrong":
            return refused("share", DENIED, DROPPED)  # [MS-SMB2] 3.3.5.2.4: verified wherever it is there
        if row["signs"] == "never" and row["dialect"] == 0x0311:
            return refused("share", DENIED, DROPPED)  # 3.3.5.7
        if row["signs"] == "never" and must_sign:
            return refused("share", DENIED)
    if row["share"] == "required" and not can:
        return refused("share", DENIED)
    sealed = session_sealed or (can and row["share"] in ("desired", "required"))
    if sealed:
        return served("sealed")
    return served("signed" if must_sign or row["signs"] == "always" else "clear")


# ---------------------------------------------------------------- what a Fusion file means

FUSION_SHARE = (None, "true", "false")


def fusion_expects(row):
    """The Fusion manual. require_message_signing: unsigned requests are dropped without an answer. encrypt_data: the server encrypts for
    those who can, and a share's own word wins both ways. reject_unencrypted_access: every request in the clear is refused."""
    can = row["dialect"] >= 0x0300 and row["encrypts"] != "never"
    words = [row["encrypt"] if share is None else share == "true" for share in row["shares"]]
    word = row["encrypt"] if row["share"] is None else row["share"] == "true"
    if row["reject"] and not can:
        return refused("logon", DENIED)
    if row["encrypts"] == "always" and not can:
        return refused("logon", BY_CLIENT, by_client=True)
    # where some share is free of it the session is not marked: each share is asked for itself
    session_sealed = can and (row["encrypts"] == "always" or (row["encrypt"] and all(words)))
    if not session_sealed:
        if row["signs"] == "wrong":
            return refused("share", DENIED, DROPPED)
        if row["signs"] == "never" and row["signing"]:
            return refused("share", SILENCE)
        if row["signs"] == "never" and row["dialect"] == 0x0311:
            return refused("share", DENIED, DROPPED)
        if row["reject"]:
            return refused("share", DENIED)
    if session_sealed or (can and word):
        return served("sealed")
    return served("signed" if row["signing"] or row["signs"] == "always" else "clear")


# ---------------------------------------------------------------- the rows

def pairs_of(row, names):
    return {((a, row[a]), (b, row[b])) for a, b in itertools.combinations(names, 2)}


def rows_for(servers, shares, names, seed):
    """Rows of each server's settings: a fixed choice, completed until every pair of values of any two columns is there."""
    chance = random.Random(seed)
    chosen = []
    for server in servers:
        every = [dict(server, share=share, dialect=dialect, signs=signs, encrypts=encrypts)
                 for share in shares(server) for dialect in DIALECTS for signs in SIGNING for encrypts in ENCRYPTION]
        chance.shuffle(every)
        chosen.append((server, every[:ROWS_EACH], every[ROWS_EACH:]))
    possible, seen = set(), set()
    for _, some, rest in chosen:
        for row in some:
            seen |= pairs_of(row, names)
        for row in some + rest:
            possible |= pairs_of(row, names)
    for _, some, rest in chosen:
        for row in rest:
            if pairs_of(row, names) - seen:
                seen |= pairs_of(row, names)
                some.append(row)
    check(possible == seen, "pairs of values that no row has:", possible - seen)
    return [(server, some) for server, some, _ in chosen]


def ask(case, server, rows, share_name):
    """bossa-probe's answers to all rows of one server."""
    questions = ""
    for row in rows:
        questions += json.dumps({"user": "tester", "password": "torture-Pw1", "share": share_name(row), "path": "f", "write": True, "dialect": row["dialect"],
                                 "signing": row["signs"], "encryption": row["encrypts"],
                                 # nobody answers a request that is dropped in silence
                                 "patience": 700 if row.get("signing") is True and row["signs"] == "never" else 15000}) + "\n"
    done = subprocess.run([case.state.program("bossa-probe"), "--port", str(server.port)], input=questions.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=120)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    check(done.returncode == 0 and len(lines) == len(rows), "bossa-probe:", tail(done.stdout.decode("utf-8", "replace")))
    return [json.loads(line) for line in lines]


def differences(row, expected, got):
    if got["allowed"] != expected["allowed"]:
        wrong = True
    elif expected["allowed"]:
        wrong = got["answer"] != expected["answer"]
    else:
        wrong = got["stage"] != expected["stage"] or got["by_client"] != expected["by_client"] or got["status"] not in expected["statuses"]
    shown = {k: ("%x" % v if k == "dialect" else v) for k, v in row.items() if k != "shares"}
    return "%s: expected %s, got %s" % (shown, expected, got) if wrong else None


def judge(problems, count):
    check(not problems, "%d of %d rows:\n" % (len(problems), count), "\n".join(problems[:12]))


# ---------------------------------------------------------------- smb.conf

def samba_rows():
    servers = [{"signing": s, "global": g} for s in SAMBA_SIGNING for g in SAMBA_GLOBAL]
    return rows_for(servers, lambda server: SAMBA_SHARE, ("signing", "global", "share", "dialect", "signs", "encrypts"), 1)


def samba_share(row):
    return "s_" + (row["share"] or "unset").replace("_", "")


def samba_half(case, kind):
    problems, count = [], 0
    for settings, rows in samba_rows():
        shares = {samba_share({"share": value}): {"server smb encrypt": value} for value in SAMBA_SHARE}
        server = case.start({"server signing": settings["signing"], "server smb encrypt": settings["global"]}, shares, kind=kind)
        for row, got in zip(rows, ask(case, server, rows, samba_share)):
            count += 1
            problems.append(differences(row, samba_expects(row), got))
        server.stop()
    check(count >= 400, "only", count, "rows")
    judge([p for p in problems if p], count)


@test("policy matrix, smb.conf: 600 combinations of server signing, smb encrypt, dialect and client, every pair of values", servers=("bossad",))
def samba_matrix(case):
    samba_half(case, "bossad")


@test("policy matrix, smb.conf: the same combinations against smbd")
def samba_matrix_smbd(case):
    samba_half(case, "smbd")


# ---------------------------------------------------------------- Fusion

def fusion_rows():
    servers = [{"signing": s, "encrypt": e, "reject": r, "shares": shares} for s in (False, True) for e in (False, True) for r in (False, True)
               for shares in ((None, "true"), (None, "true", "false"))]
    return rows_for(servers, lambda server: server["shares"], ("signing", "encrypt", "reject", "share", "dialect", "signs", "encrypts"), 2)


def fusion_share(row):
    return "f_" + (row["share"] or "unset")


@test("policy matrix, Fusion: 480 combinations of its four settings, dialect and client, every pair of values", servers=("bossad",))
def fusion_matrix(case):
    problems, count = [], 0
    for settings, rows in fusion_rows():
        lines = "require_message_signing = %s\nencrypt_data = %s\nreject_unencrypted_access = %s" % tuple(
            str(settings[name]).lower() for name in ("signing", "encrypt", "reject"))
        shares = {fusion_share({"share": value}): "" if value is None else "encrypt_data = " + value for value in settings["shares"]}
        server = fusion(case, lines, shares)
        for share in shares:
            os.chmod(server.data(share), 0o777)
        for row, got in zip(rows, ask(case, server, rows, fusion_share)):
            count += 1
            problems.append(differences(row, fusion_expects(row), got))
        server.stop()
    judge([p for p in problems if p], count)
