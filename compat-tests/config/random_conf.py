"""Random smb.conf files, made from Samba's own table of parameters: mostly well-formed, with the oddities that real files have."""
WORDS = ("alpha", "Beta", "gamma delta", "%U", "%m.log", "\"quoted text\"", "'single'", "a;b", "x # y", "/srv/data", "C:\\dir", "0", "no", "ünïcode",
         "a=b", "[x]", "two  blanks", "tab\there", "%$(HOME)", "@group", "+unix", "&nis", "-", "*", "%", "ends\\x")
ELEMENTS = ("bob", "@staff", "\"@domain users\"", "10.", "127.0.0.1", "EXCEPT", "ALL", "%S", "+x", "-y", "a", "B", "x:y", "\"two words\"", "/p")
INTEGERS = ("0", "1", "-1", "+5", "5", "0x10", "010", "5x", "", "99999999999", "abc", "65535", "1K", "300", "-5", "\"7\"", "4 2")
OCTALS = ("0644", "755", "0755x", "0", "17777", "0788", "0x1ff", "-1", "07", "0000")
BYTES = ("0", "64K", "64 K", "1M", "1m", "65536", "1G", "1g", "2047M", "+5", "1")
BOOLEANS = ("yes", "no", "true", "false", "1", "0", "on", "off", "Yes", "NO", "True")
BAD = {"bool": ("maybe", "y", "", "2", "\"yes\""), "enum": ("nonsense", "", "yess"), "octal": ("999", "abc", ""), "bytes": ("3G", "64KB", "-1", "", "0x10")}
SECTIONS = ("s1", "S1", "s2", "data", "my share", "my  share", "myshare", "homes", "printers", "ipc$", "x;y", "a[b", " lead", "%U", "global", "Globals", "ärger")
# Values that testparm acts on by itself, reads more from, or crashes at: kept to what both can be asked about.
FIXED = {
    "smb ports": ("445", "445 139", "139, 445"), "name resolve order": ("lmhosts host", "wins bcast", "host"),
    "kdc supported enctypes": ("0", "31", "aes256-cts", "0x18"), "kdc default domain supported enctypes": ("0", "28", "rc4-hmac"),
    "rpc server dynamic port range": ("49152-65535", "5000-6000"), "unix charset": ("UTF-8",), "dos charset": ("CP850", "ASCII"),
    "state directory": ("/tmp", "/nonexistent"), "cache directory": ("/tmp", "/nonexistent"), "lock directory": ("/tmp", "/nonexistent"),
    "pid directory": ("/tmp", "/nonexistent"), "registry shares": ("no",), "clustering": ("no",), "log level": ("0", "1"), "log file": ("/dev/null",),
}
LEFT_OUT = ("include", "config file", "copy", "config backend", "panic action", "private dir", "ncalrpc dir", "ctdbd socket", "logging", "debug encryption",
            "syslog", "syslog only", "passwd program", "unix password sync")


class Generator:
    def __init__(self, chance, table, odd=0.004):
        self.chance, self.odd = chance, odd
        self.shares = [row for row in table if row.scope == "S" and row.name not in LEFT_OUT]
        self.globals = [row for row in table if row.scope == "G" and row.name not in LEFT_OUT]

    def value(self, row):
        chance = self.chance
        if row.name in FIXED:
            return chance.choice(FIXED[row.name])
        if chance.random() < self.odd and row.type in BAD:
            return chance.choice(BAD[row.type])
        if row.type == "bool":
            return chance.choice(BOOLEANS)
        if row.type == "enum":
            word = chance.choice(row.values).split("=")[0]
            return chance.choice((word, word, word.upper(), word.lower(), word.replace(" ", "  ")))
        if row.type == "integer":
            return chance.choice(INTEGERS)
        if row.type == "octal":
            return chance.choice(OCTALS)
        if row.type == "bytes":
            return chance.choice(BYTES)
        if row.type == "char":
            return chance.choice(("~", "#", "^", "ab"))
        if row.type == "ustring":
            return chance.choice(("alpha", "Beta", "GAMMA1", "a b", ""))
        if row.type in ("list", "cmdlist"):
            elements = [e for e in ELEMENTS if row.type == "cmdlist" or e[0] not in "+-"]
            if row.type == "list" and chance.random() < 0.2:
                return chance.choice(("+new", "-dns", "+a -b", "-nothing", ""))
            return chance.choice((" ", ", ", ";", ",")).join(chance.choice(elements) for _ in range(chance.randrange(1, 5)))
        return " ".join(chance.choice(WORDS) for _ in range(chance.randrange(0, 3)))

    def name(self, row):
        chance = self.chance
        names = [row.name] * 3 + [synonym for synonym, _ in row.synonyms]
        name = chance.choice(names)
        return chance.choice((name, name, name, name.upper(), name.title(), name.replace(" ", ""), name.replace(" ", "  "), name.replace(" ", "\t")))

    def line(self, row):
        chance = self.chance
        name, value = self.name(row), self.value(row)
        if " " in name and chance.random() < 0.02:
            name = name.replace(" ", " \\\n ", 1)
        if " " in value and chance.random() < 0.05:
            value = value.replace(" ", " \\\n\t", 1)
        return chance.choice(("\t", "   ", "")) + name + chance.choice((" = ", "=", " =", "= ")) + value + chance.choice(("", "", "", " ", "\r"))

    def noise(self):
        return self.chance.choice(("", "# a comment = x", "\t; another", "fruit:aapl = yes", "Recycle : Keep Tree = %d" % self.chance.randrange(3), "no such parameter = 1",
                                   "idmap config %s : backend = %s" % (self.chance.choice("*DE"), self.chance.choice(("autorid", "rid", "tdb", "LDAP", "x"))),
                                   "idmap config %s : range = %s" % (self.chance.choice("*DE"), self.chance.choice(("1-2", "2-9", "1000 - 500000", "x"))), "just text", "valid user = bob", "   "))

    def section(self, rows, most):
        chance = self.chance
        lines = []
        for _ in range(chance.randrange(0, most)):
            lines.append(self.noise() if chance.random() < 0.15 else self.line(chance.choice(rows)))
        return lines

    def make(self):
        chance = self.chance
        lines = []
        if chance.random() < 0.9:
            lines.append("[global]")
        lines += self.section(self.globals + self.shares if chance.random() < 0.4 else self.globals, 14)
        seen = []
        for _ in range(chance.randrange(0, 5)):
            name = chance.choice(SECTIONS)
            lines.append(chance.choice(("", "  ")) + "[" + name + "]" + chance.choice(("", "", "", " ; rest")))
            if name.lower() not in ("global", "globals"):
                if seen and chance.random() < 0.15:
                    lines.append("copy = " + chance.choice(seen))
                if chance.random() < 0.8:
                    lines.append("\tpath = /srv/" + chance.choice(("a", "b b", "%S")))
                if chance.random() < 0.02:
                    lines.append("workgroup = misplaced")
                lines += self.section(self.shares, 9)
                seen.append(name)
            else:
                lines += self.section(self.globals + self.shares, 6)
        return chance.choice(("\n", "\n", "\n", "\r\n")).join(lines) + chance.choice(("\n", ""))
