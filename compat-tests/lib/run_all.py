"""The stages of run-all, in order, each with its time; see run-all for the usage."""
import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = os.path.dirname(HERE)
COUNT = re.compile(r"^(\d+) passed, (\d+) failed")
SANITIZER_ENV = {
    "ASAN_OPTIONS": "halt_on_error=1:detect_leaks=1:exitcode=99",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99:second_deadlock_stack=1",
}
STAGES = []


def stage(name, full=False, needs_build=None, smbd=False):
    """needs_build: the preset the stage works on; smbd: whether it can be pointed at Debian's smbd."""
    def register(function):
        STAGES.append((name, function, full, needs_build, smbd))
        return function
    return register


class BuildAhead:
    """A later stage's build, begun while stages run that mostly wait: at the lowest priority, with its words thrown away. The stage
    itself waits for it and then builds what is left, so that what fails is said there."""

    def __init__(self, preset):
        command = "cmake --preset %s && cmake --build --preset %s" % (preset, preset)
        self.process = subprocess.Popen(["sh", "-c", command], cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, LC_ALL="C.UTF-8"), start_new_session=True)
        self.prioritise(19)

    def prioritise(self, nice):
        try:
            os.setpriority(os.PRIO_PGRP, self.process.pid, nice)
            # where the kernel shares the processor out by sessions
            with open("/proc/%d/autogroup" % self.process.pid, "w") as f:
                f.write(str(nice))
        except OSError:
            pass

    def finish(self):
        self.prioritise(0)
        try:
            self.process.wait(2400)
        except subprocess.TimeoutExpired:
            self.stop()

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait()


class Run:
    def __init__(self, options):
        self.options = options
        self.ahead = {}
        self.passed = self.failed = 0
        self.failures = []
        self.times = []

    def bin(self, preset):
        if self.options.build:
            return os.path.join(os.path.abspath(self.options.build), "bin")
        return os.path.join(PROJECT, "build", preset, "bin")

    def call(self, argv, timeout, env=None, show=True):
        """Runs a program, passes its lines on, and returns (status, lines)."""
        process = subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=dict(os.environ, LC_ALL="C.UTF-8", **(env or {})), start_new_session=True)

        expired = []

        def expire(*_):
            # first so that a stage can stop the servers it started, then for good
            expired.append(1)
            os.killpg(process.pid, signal.SIGTERM if len(expired) == 1 else signal.SIGKILL)
            signal.alarm(30)
        signal.signal(signal.SIGALRM, expire)
        signal.alarm(int(timeout))
        lines = []
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            lines.append(line)
            if show and not COUNT.match(line):
                print("  " + line, flush=True)
        status = process.wait()
        signal.alarm(0)
        if expired:
            print("  ended after %d s" % timeout)
        return status, lines

    def counted(self, argv, timeout, env=None):
        """A program whose last line is `N passed, N failed`."""
        status, lines = self.call(argv, timeout, env)
        found = [COUNT.match(x) for x in lines if COUNT.match(x)]
        if not found:
            return 0, 1
        passed, failed = (int(n) for n in found[-1].groups())
        return passed, max(failed, 1 if status else 0)


def build(run, preset, targets=()):
    began = time.monotonic()
    if preset in run.ahead:
        run.ahead.pop(preset).finish()
    for argv in (["cmake", "--preset", preset], ["cmake", "--build", "--preset", preset] + (["--target"] + list(targets) if targets else [])):
        status, lines = run.call(argv, 2400, show=False)
        if status:
            print("\n".join("  " + x for x in [x for x in lines if not x.startswith("[")][-60:]))
            return 0, 1
    print("  built %s in %.0f s" % (preset, time.monotonic() - began))
    return 1, 0


def ctest(run, preset):
    status, lines = run.call(["ctest", "--preset", preset, "--timeout", "300", "-j", "2"], 1500, SANITIZER_ENV, show=False)
    total = [re.search(r"(\d+) tests? failed out of (\d+)", x) for x in lines]
    total = [m for m in total if m]
    if not total or "0 tests failed" not in total[-1].group(0) or status:
        print("\n".join("  " + x for x in lines[-80:]))
    if not total:
        return 0, 1
    failed, count = int(total[-1].group(1)), int(total[-1].group(2))
    cases = 0
    for binary in glob.glob(os.path.join(run.bin(preset), "test_*")):
        listed = subprocess.run([binary, "--list_content"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                timeout=60)
        cases += len([x for x in listed.stdout.decode("utf-8", "replace").splitlines() if x.rstrip().endswith("*")])
    print("  %d test programs with %d cases, %d programs failed" % (count, cases, failed))
    # a program counts by its cases when all is well, and as one failure otherwise
    return (cases if not failed and cases else count - failed), failed if count else 1


def matrix(run, preset, only=()):
    argv = ["/usr/bin/python3", os.path.join(HERE, "matrix"), "--server", run.options.server, "--bin", run.bin(preset)]
    for pattern in only:
        argv += ["--only", pattern]
    return run.counted(argv, 2400, {"BOSSA_FULL": "1"} if run.options.full else None)


@stage("includes")
def stage_includes(run):
    return run.counted([os.path.join(HERE, "lib", "includes")], 60)


@stage("coverage")
def stage_coverage(run):
    """docs/coverage.md against the code."""
    return run.counted([os.path.join(HERE, "lib", "coverage")], 60)


@stage("build release", needs_build="release")
def stage_build_release(run):
    return build(run, "release")


@stage("units release", needs_build="release")
def stage_units_release(run):
    return ctest(run, "release")


@stage("matrix", smbd=True)
def stage_matrix(run):
    return matrix(run, "release")


@stage("smb.conf")
def stage_smb_conf(run):
    """5,000 random files beside Samba's testparm, and files that are meant to break the reader."""
    argv = [os.path.join(HERE, "config", "run"), "--bin", run.bin("release")]
    return run.counted(argv + (["--count", "25000"] if run.options.full else []), 3600 if run.options.full else 900)


@stage("torture", smbd=True)
def stage_torture(run):
    """The suites of what changed and a fixed third of all, at most eight minutes; with --full everything, in every mode."""
    argv = [os.path.join(HERE, "torture", "run"), "--server", run.options.server, "--bin", run.bin("release")]
    return run.counted(argv + (["--full"] if run.options.full else []), 3600 if run.options.full else 480)


@stage("attack")
def stage_attack(run):
    """Named attacks, while honest clients work on the server; afterwards its memory and descriptors are as before."""
    return run.counted([os.path.join(HERE, "attack", "run"), "--bin", run.bin("release")], 600)


@stage("swap")
def stage_swap(run):
    return run.counted([os.path.join(HERE, "swap", "run"), "--bin", run.bin("release")], 320)


@stage("move")
def stage_move(run):
    """Every command of docs/migrating.md: from Samba to Bossa in place, to a Fusion file, and back."""
    return run.counted([os.path.join(HERE, "swap", "run"), "--move", "--bin", run.bin("release")], 320)


@stage("quickstart", needs_build="release")
def stage_quickstart(run):
    status, _ = run.call([os.path.join(PROJECT, "daemon", "quickstart"), "--check"], 900)
    return (0, 1) if status else (1, 0)


@stage("build asan", needs_build="asan")
def stage_build_asan(run):
    return build(run, "asan")


@stage("units asan", needs_build="asan")
def stage_units_asan(run):
    return ctest(run, "asan")


@stage("matrix asan", needs_build="asan")
def stage_matrix_asan(run):
    return matrix(run, "asan")


@stage("attack asan", full=True, needs_build="asan")
def stage_attack_asan(run):
    passed, failed = build(run, "asan", ["bossad", "bossa-attack"])
    if failed:
        return 0, 1
    return run.counted([os.path.join(HERE, "attack", "run"), "--bin", run.bin("asan")], 1200, SANITIZER_ENV)


@stage("bench smoke", needs_build="release")
def stage_bench_smoke(run):
    """One short alternation: proves that the benchmark works, measures nothing."""
    status, _ = run.call([os.path.join(HERE, "bench", "run"), "--smoke", "--bin", run.bin("release")], 600)
    return (0, 1) if status else (1, 0)


@stage("build tsan", full=True, needs_build="tsan")
def stage_build_tsan(run):
    return build(run, "tsan")


@stage("matrix tsan", full=True, needs_build="tsan")
def stage_matrix_tsan(run):
    return matrix(run, "tsan")


@stage("fuzz", needs_build="asan")
def stage_fuzz(run):
    """Every fuzz target of the asan build, two at a time: five minutes in all, with --full a minute each."""
    targets = sorted(glob.glob(os.path.join(run.bin("asan"), "*_fuzz")))
    names = {os.path.basename(t) for t in targets}
    passed = failed = 0
    for name in sorted({os.path.basename(p)[:-4] for p in fuzz_sources()} - names):
        failed += 1
        print("  FAIL  %s was not built" % name)
    # the long ones first, so that the short ones fill the second core
    order = sorted(targets, key=lambda t: -fuzz_seconds(run, os.path.basename(t), len(targets)))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, status, lines in pool.map(lambda target: fuzz(run, target, len(targets)), order):
            if status:
                failed += 1
                print("  FAIL  %s\n%s" % (name, "\n".join("  " + x for x in lines[-40:])))
            else:
                passed += 1
                print("  ok    %s: %s executions, coverage %s" % (name, statistic(lines, r"number_of_executed_units: +(\d+)"),
                                                                   statistic(lines, r" cov: (\d+) ")), flush=True)
    return passed, failed


@stage("model", full=True, needs_build="tsan")
def stage_model(run):
    """The sharing, lease and lock logic against its reference model: a million steps under ASan, 200,000 under TSan."""
    passed = failed = 0
    for preset, steps in (("asan", 1000000), ("tsan", 200000)):
        built, broken = build(run, preset, ["test_locking"])
        if broken:
            return passed, failed + 1
        status, lines = run.call([os.path.join(run.bin(preset), "test_locking"), "--run_test=model", "--log_level=message"], 1800,
                                 dict(SANITIZER_ENV, BOSSA_MODEL_STEPS=str(steps)))
        passed, failed = (passed, failed + 1) if status else (passed + 1, failed)
    return passed, failed


# Folders with further seeds that the project keeps; those made for one target are in testdata/fuzz/TARGET beside it. New finds go to
# build/fuzz/corpus.
SEEDS = {"smbconf_fuzz": [os.path.join("confparse", "testdata", "corpus"), os.path.join("confparse", "testdata", "fuzz")],
         "connection_fuzz": [os.path.join("src", "commands", "testdata", "connection")],
         "fusion_fuzz": [os.path.join("confparse", "fusion", "testdata"), os.path.join("confparse", "fusion", "testdata", "fuzz")]}


def fuzz_sources():
    return [p for folder in ("src", "confparse", "migrate", "daemon", "compat-tests")
            for p in glob.glob(os.path.join(PROJECT, folder, "**", "*_fuzz.cpp"), recursive=True)]


def seeds_of(name):
    own = [os.path.join(os.path.dirname(p), "testdata", "fuzz", name[:-len("_fuzz")]) for p in fuzz_sources() if os.path.basename(p) == name + ".cpp"]
    return [p for p in [os.path.join(PROJECT, folder) for folder in SEEDS.get(name, [])] + own if os.path.isdir(p)]


# Seconds in an ordinary run of those that get more than an equal part of what is left of the five minutes.
FUZZ_SECONDS = {"smbconf_fuzz": 60, "connection_fuzz": 60}
FUZZ_TOTAL = 300


def fuzz_seconds(run, name, count):
    if run.options.fuzz_seconds or run.options.full:
        return run.options.fuzz_seconds or 60
    rest = max(1, count - len(FUZZ_SECONDS))
    return FUZZ_SECONDS.get(name, (FUZZ_TOTAL - sum(FUZZ_SECONDS.values()) + rest - 1) // rest)


def statistic(lines, pattern):
    found = [m.group(1) for m in (re.search(pattern, x) for x in lines) if m]
    return found[-1] if found else "unknown"


def fuzz(run, target, count):
    """(name, status, lines) of one target's run."""
    name = os.path.basename(target)
    corpus = os.path.join(PROJECT, "build", "fuzz", "corpus", name)
    os.makedirs(corpus, exist_ok=True)
    seconds = fuzz_seconds(run, name, count)
    argv = [target, "-max_total_time=%d" % seconds, "-timeout=20", "-rss_limit_mb=4096", "-print_final_stats=1",
            "-artifact_prefix=%s/" % corpus, corpus] + seeds_of(name)
    try:
        done = subprocess.run(argv, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, LC_ALL="C.UTF-8", **SANITIZER_ENV), timeout=seconds + 140)
    except subprocess.TimeoutExpired as error:
        return name, 1, (error.stdout or b"").decode("utf-8", "replace").splitlines() + ["did not end in its time"]
    return name, done.returncode, done.stdout.decode("utf-8", "replace").splitlines()


@stage("bench smb.conf")
def stage_bench_smb_conf(run):
    """A file of 10,000 shares beside testparm: the same output, and at least ten times faster."""
    status, _ = run.call([os.path.join(HERE, "bench", "parse"), "--bin", run.bin("release"), "--judge"], 600)
    return (0, 1) if status else (1, 0)


@stage("bench", full=True, needs_build="release")
def stage_bench(run):
    status, _ = run.call([os.path.join(HERE, "bench", "run"), "--bin", run.bin("release"), "--judge", "--json",
                          os.path.join(PROJECT, "build", "bench.json")], 7200)
    return (0, 1) if status else (1, 0)


def run_stages(run, chosen):
    for name, function, _, _, _ in chosen:
        print("== %s" % name, flush=True)
        start = time.monotonic()
        if name in ("units release", "units asan"):
            following = {"units release": "asan", "units asan": "tsan"}[name]
            if "build " + following in [item[0] for item in chosen]:
                run.ahead[following] = BuildAhead(following)
        try:
            passed, failed = function(run)
        except Exception as error:
            print("  %s" % error)
            passed, failed = 0, 1
        seconds = time.monotonic() - start
        run.passed += passed
        run.failed += failed
        run.times.append((name, seconds, passed, failed))
        print("== %s: %d passed, %d failed, %.0f s" % (name, passed, failed, seconds), flush=True)


def main():
    parser = argparse.ArgumentParser(prog="run-all")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--server", choices=("bossad", "smbd"), default="bossad")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--build", metavar="DIR")
    parser.add_argument("--fuzz-seconds", type=int)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    names = [s[0] for s in STAGES]
    if options.list:
        print("\n".join(names))
        return 0
    chosen = []
    for item in STAGES:
        name, _, full, preset, smbd = item
        if full and not options.full and name not in options.only:
            continue
        if options.build and preset:
            continue
        if options.server == "smbd" and not smbd:
            continue
        chosen.append(item)
    stages = [x for x in options.only if x in names]
    tests = [x for x in options.only if x not in names]
    if options.only:
        chosen = [s for s in chosen if s[0] in stages]
    run = Run(options)
    began = time.monotonic()
    if tests:
        chosen.append(("matrix of " + ", ".join(tests), lambda r: matrix(r, "release", tests), False, None, True))
    try:
        run_stages(run, chosen)
    finally:
        for left in run.ahead.values():
            left.stop()
    print()
    for name, seconds, passed, failed in run.times:
        print("%-16s %6.0f s  %5d passed  %3d failed" % (name, seconds, passed, failed))
    print("%-16s %6.0f s" % ("in all", time.monotonic() - began))
    print("%d passed, %d failed" % (run.passed, run.failed))
    return 1 if run.failed or not run.passed else 0


if __name__ == "__main__":
    sys.exit(main())
