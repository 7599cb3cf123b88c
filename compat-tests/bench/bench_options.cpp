#include "compat-tests/bench/bench_options.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

namespace bossa::bench {
namespace {

constexpr const char* usage =
    R"(usage: bossa-bench-client --server HOST:PORT --user NAME --password PASSWORD --share SHARE --op OPERATION [options]

Does one operation over and over for a time, and prints what it did as one line of JSON.

operations
  read, write        sequential, pipelined; the file is created first, and stays
  open-close         CREATE and CLOSE of an existing file
  open-query-close   CREATE, QUERY_INFO and CLOSE
  small-files        create, write 4 KiB, close; open, read, close; delete
  list               a listing of a directory of --files files
  echo               ECHO
  logon              connect, NEGOTIATE, SESSION_SETUP, LOGOFF, disconnect
  idle               hold --sessions sessions, each on its own connection with a tree; a line "ready" says that all stand;
                     ends after --seconds or at the end of standard input

options
  --seconds S        how long (3)            --depth N         requests under way at once (8)
  --size BYTES       of one READ/WRITE       --file-size BYTES of the file (64 MiB)
  --connections N    each with a thread (1)  --path NAME       of the file (bench.dat)
  --sessions N       for idle (100)          --files N         for list (1000)
  --compound         open-...-close as one related compound
  --dialect D        2.0.2, 2.1, 3.0, 3.0.2, 3.1.1 (3.1.1)
  --sign A           no, yes, hmac, cmac, gmac (no)
  --encrypt C        no, aes128-gcm, aes128-ccm, aes256-gcm, aes256-ccm (no)
  --verify           check the signatures of replies too (the client then uses more CPU)
  --mark             print a line when the preparations are over, for whoever reads the server's counters
)";

template <class T> bool to_number(std::string_view text, T& value) {
  char* end = nullptr;
  std::string copy(text);
  auto number = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || number < 0) return false;
  value = static_cast<T>(number);
  return true;
}

template <class T> bool choose(std::string_view text, const std::map<std::string_view, T>& choices, T& value) {
  auto found = choices.find(text);
  if (found == choices.end()) return false;
  value = found->second;
  return true;
}

bool set_dialect(Options& options, std::string_view text) {
  std::uint16_t dialect = 0;
  if (!choose(text, {{"2.0.2", 0x0202}, {"2.1", 0x0210}, {"3.0", 0x0300}, {"3.0.2", 0x0302}, {"3.1.1", 0x0311}}, dialect))
    return false;
  options.negotiate.dialects = {dialect};
  return true;
}

bool set_signing(Options& options, std::string_view text) {
  int algorithm = 0;
  if (!choose(text, {{"no", -1}, {"yes", 3}, {"hmac", 0}, {"cmac", 1}, {"gmac", 2}}, algorithm)) return false;
  options.logon.sign = algorithm >= 0;
  if (algorithm >= 0 && algorithm < 3) options.negotiate.signing_algorithms = {static_cast<std::uint16_t>(algorithm)};
  return true;
}

bool set_encryption(Options& options, std::string_view text) {
  std::uint16_t cipher = 0;
  if (!choose(text, {{"no", 0}, {"aes128-ccm", 1}, {"aes128-gcm", 2}, {"aes256-ccm", 3}, {"aes256-gcm", 4}}, cipher))
    return false;
  options.logon.encrypt = cipher != 0;
  if (cipher != 0) options.negotiate.ciphers = {cipher};
  return true;
}

/// False when name or value is wrong.
bool set(Options& o, std::string_view name, std::string_view value) {
  if (name == "--server") {
    auto endpoint = client::parse_endpoint(value);
    if (endpoint) o.server = *endpoint;
    return endpoint.has_value();
  }
  const std::map<std::string_view, std::string*> texts{{"--user", &o.credentials.user},
                                                       {"--password", &o.credentials.password},
                                                       {"--domain", &o.credentials.domain},
                                                       {"--share", &o.share},
                                                       {"--op", &o.operation},
                                                       {"--path", &o.path}};
  if (auto text = texts.find(name); text != texts.end()) {
    *text->second = value;
    return true;
  }
  const std::map<std::string_view, std::uint32_t*> numbers{{"--depth", &o.depth},
                                                           {"--size", &o.io_size},
                                                           {"--connections", &o.connections},
                                                           {"--sessions", &o.sessions},
                                                           {"--files", &o.files}};
  if (auto number = numbers.find(name); number != numbers.end()) return to_number(value, *number->second) && *number->second > 0;
  if (name == "--seconds") return to_number(value, o.seconds);
  if (name == "--file-size") return to_number(value, o.file_size);
  if (name == "--dialect") return set_dialect(o, value);
  if (name == "--sign") return set_signing(o, value);
  if (name == "--encrypt") return set_encryption(o, value);
  return false;
}

} // namespace

std::optional<Options> parse_options(int argc, char** argv) {
  Options options;
  options.negotiate.dialects = {0x0311};
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name == "--help") {
      std::fputs(usage, stdout);
      std::exit(0);
    }
    if (name == "--verify") {
      options.verify = true;
    } else if (name == "--compound") {
      options.compound = true;
    } else if (name == "--mark") {
      options.mark = true;
    } else if (i + 1 >= argc || !set(options, name, argv[i + 1])) {
      std::fprintf(stderr, "bossa-bench-client: wrong option or value: %s %s\n", argv[i], i + 1 < argc ? argv[i + 1] : "");
      return std::nullopt;
    } else {
      ++i;
    }
  }
  if (options.operation.empty() || options.share.empty()) {
    std::fputs(usage, stderr);
    return std::nullopt;
  }
  options.file_size = std::max<std::uint64_t>(options.file_size / options.io_size, 1) * options.io_size;
  return options;
}

} // namespace bossa::bench
