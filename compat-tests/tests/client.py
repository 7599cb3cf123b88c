"""bossa-client-check against the server: what a client of our own can try, honest and hostile."""
import os

from harness import PASSWORD, check, run, test


@test("our own client: every dialect, algorithm and cipher, channels, compounds; forged, truncated and replayed messages", alone=True)
def client_check(case):
    server = case.standard()
    status, text = run([case.state.program("bossa-client-check"), "--server", "127.0.0.1:%d" % server.port, "--user", "tester",
                        "--password", PASSWORD, "--user2", "tester2", "--password2", PASSWORD, "--share", "share"], timeout=300)
    check(status == 0, text)
    check(" 0 failed" in text, text)


@test("our own client, where smb encrypt = required: the same, sealed, and dialects that cannot encrypt are refused", alone=True, servers=("bossad",))
def client_check_sealed(case):
    server = case.start({"smb encrypt": "required"}, {"share": {}})
    os.chmod(server.data("share"), 0o777)
    status, text = run([case.state.program("bossa-client-check"), "--server", "127.0.0.1:%d" % server.port, "--user", "tester",
                        "--password", PASSWORD, "--user2", "tester2", "--password2", PASSWORD, "--share", "share"], timeout=300)
    check(status == 0 and " 0 failed" in text, text)


@test("the benchmark's client does each of its operations")
def bench_client(case):
    import json
    server = case.standard()
    base = [case.state.program("bossa-bench-client"), "--server", "127.0.0.1:%d" % server.port, "--user", "tester", "--password", PASSWORD,
            "--share", "share", "--seconds", "0.2", "--file-size", "4194304", "--files", "20", "--verify", "--path", "bench-client"]
    for arguments in (["read"], ["write"], ["read", "--sign", "gmac"], ["write", "--encrypt", "aes128-gcm"], ["open-close"],
                      ["open-query-close"], ["open-query-close", "--compound", "--sign", "cmac"], ["small-files"], ["list"], ["echo"],
                      ["logon"], ["read", "--connections", "3"]):
        status, text = run(base + ["--op"] + arguments, timeout=60)
        check(status == 0, arguments, text)
        check(json.loads(text)["ops"] > 0, arguments, text)
    status, text = run(base + ["--op", "idle", "--sessions", "10"], timeout=60, stdin="")
    check(status == 0 and json.loads(text)["ready"] == 10, text)
