// The text file of smbpasswd(5): name:uid:LM hash:NT hash:[flags]:LCT-time: . Lines that are no accounts stay as they are.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>

#include "src/auth/account_tool.hpp"
#include "src/auth/nss.hpp"
#include "src/auth/passdb.hpp"
#include "src/base/unicode.hpp"

namespace bossa::auth {
namespace {

using namespace std::string_view_literals;
constexpr auto no_hash = "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"sv, no_password = "NO PASSWORDXXXXXXXXXXXXXXXXXXXXX"sv;
constexpr std::uint32_t rid_base = 1000; // `algorithmic rid base`
constexpr std::size_t largest_file = 64u << 20;
constexpr std::pair<char, std::uint32_t> flag_letters[] = {
    {'N', account_flag::password_not_required}, {'D', account_flag::disabled},     {'H', account_flag::home_dir_required},
    {'T', account_flag::temporary_duplicate},   {'U', account_flag::normal},       {'M', account_flag::mns},
    {'W', account_flag::workstation_trust},     {'S', account_flag::server_trust}, {'L', account_flag::auto_locked},
    {'X', account_flag::password_no_expire},    {'I', account_flag::domain_trust}};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    auto end = std::min(line.find(':'), line.size());
    fields.push_back(line.substr(0, end));
    if (end == line.size()) return fields;
    line.remove_prefix(end + 1);
  }
}

template <class Integer> bool read_number(std::string_view text, Integer& value, int base) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

/// The name of an account line; empty for comments and lines that are none.
std::string_view name_of(std::string_view line) {
  if (line.empty() || line[0] == '#') return {};
  auto end = line.find(':');
  return end == std::string_view::npos ? std::string_view() : line.substr(0, end);
}

std::optional<Account> parse_line(std::string_view line) {
  auto fields = fields_of(line);
  uid_t uid = 0;
  if (fields.size() < 4 || fields[0].empty() || fields[0][0] == '#' || !read_number(fields[1], uid, 10)) return std::nullopt;
  Account account;
  account.name = fields[0];
  account.rid = uid * 2 + rid_base;
  account.flags = 0;
  if (fields.size() > 4 && fields[4].starts_with('[')) {
    for (auto [letter, bit] : flag_letters)
      if (fields[4].find(letter) != std::string_view::npos) account.flags |= bit;
  } else {
    account.flags = account_flag::normal;
  }
  auto nt = fields[3];
  if (nt.starts_with("NO PASSWORD"sv) || fields[2].starts_with("NO PASSWORD"sv))
    account.flags |= account_flag::password_not_required;
  auto bytes = from_hex(nt);
  if (nt.size() == 32 && bytes.size() == 16) {
    std::copy(bytes.begin(), bytes.end(), account.nt_hash.emplace().begin());
  } else if (nt.starts_with("**"sv) || nt.starts_with("XX"sv)) {
    if (!account.has(account_flag::password_not_required)) account.flags |= account_flag::disabled;
  }
  auto lm = from_hex(fields[2]);
  if (fields[2].size() == 32 && lm.size() == 16) std::copy(lm.begin(), lm.end(), account.lm_hash.emplace().begin());
  if (fields.size() > 5 && fields[5].starts_with("LCT-"sv)) read_number(fields[5].substr(4), account.password_last_set, 16);
  return account;
}

std::string upper_hex(Bytes bytes) {
  auto text = to_hex(bytes);
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return text;
}

class Descriptor {
public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const { return number_; }

private:
  int number_;
};

/// Waits a few seconds for a lock on the whole file, as Samba's tools take it.
bool lock_file(int descriptor, short type) {
  using namespace std::chrono_literals;
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  for (auto give_up = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < give_up;
       std::this_thread::sleep_for(5ms))
    if (fcntl(descriptor, F_SETLK, &lock) == 0) return true;
  return false;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

class SmbpasswdFile final : public AccountDatabase {
public:
  explicit SmbpasswdFile(std::string path) : path_(std::move(path)) {}

  Result<std::optional<Account>> find(std::string_view name) override {
    return first([&](const Account& account) { return equal_ignoring_case(account.name, name); });
  }
  Result<std::optional<Account>> find_rid(std::uint32_t rid) override {
    return first([&](const Account& account) { return account.rid == rid; });
  }

  Result<std::vector<Account>> list() override {
    std::lock_guard guard(mutex_);
    auto text = read();
    if (!text) return fail(text.error());
    std::vector<Account> accounts;
    for_each_line(*text, [&](std::string_view line) {
      if (auto account = parse_line(line)) accounts.push_back(std::move(*account));
    });
    return accounts;
  }

  Outcome put(Account account) override {
    std::lock_guard guard(mutex_);
    auto user = nss::user_by_name(account.name);
    if (!user)
      return problem(status::no_such_user, fmt::format("takes only accounts of Unix users, and \"{}\" is none", account.name));
    if (account.name.find_first_of(":\n\r") != std::string::npos)
      return problem(status::invalid_parameter, "cannot hold that name");
    auto line = smbpasswd_line(account, user->uid);
    bool replaced = false;
    return rewrite(
        [&](std::string_view old, std::string& out) {
          if (!equal_ignoring_case(name_of(old), account.name)) return keep(old, out);
          if (!replaced) keep(line, out);
          replaced = true;
        },
        [&](std::string& out) {
          if (!replaced) keep(line, out);
          return true;
        });
  }

  Outcome remove(std::string_view name) override {
    std::lock_guard guard(mutex_);
    bool found = false;
    auto outcome = rewrite(
        [&](std::string_view old, std::string& out) {
          if (name_of(old).empty() || !equal_ignoring_case(name_of(old), name)) return keep(old, out);
          found = true;
        },
        [&](std::string&) { return found; });
    if (outcome && !found) return problem(status::object_name_not_found, fmt::format("has no account \"{}\"", name));
    return outcome;
  }

  std::string last_problem() const override {
    std::lock_guard guard(mutex_);
    return problem_;
  }

private:
  static void keep(std::string_view line, std::string& out) { (out += line) += '\n'; }
  template <class Visit> static void for_each_line(std::string_view text, Visit visit) {
    while (!text.empty()) {
      auto end = std::min(text.find('\n'), text.size());
      auto line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      visit(line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Failure problem(NtStatus status, std::string_view what) {
    problem_ = fmt::format("{} {}", path_, what);
    return fail(status);
  }
  Failure system_problem(std::string_view action) {
    int error = errno;
    return problem(error == EACCES || error == EPERM || error == EROFS ? status::access_denied : status::unexpected_io_error,
                   fmt::format("cannot be {}: {}", action, strerror(error)));
  }

  Result<std::optional<Account>> first(const std::function<bool(const Account&)>& wanted) {
    std::lock_guard guard(mutex_);
    auto text = read();
    if (!text) return fail(text.error());
    std::optional<Account> result;
    for_each_line(*text, [&](std::string_view line) {
      if (result) return;
      auto account = parse_line(line);
      if (account && wanted(*account)) result = std::move(account);
    });
    return result;
  }

  /// The whole file; empty if there is none.
  Result<std::string> read() {
    Descriptor file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return errno == ENOENT ? Result<std::string>(std::string()) : system_problem("read");
    if (!lock_file(file.get(), F_RDLCK)) return system_problem("locked for reading");
    return read(file.get());
  }
  Result<std::string> read(int descriptor) {
    std::string text;
    char block[16384];
    for (;;) {
      auto count = ::read(descriptor, block, sizeof block);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_problem("read");
      if (count == 0) return text;
      text.append(block, static_cast<std::size_t>(count));
      if (text.size() > largest_file) return problem(status::file_corrupt_error, "is too large for an account file");
    }
  }

  /// The file of that name, locked: if another program put a new one in its place while this one waited, that one.
  Result<Descriptor> open_locked() {
    for (;;) {
      Descriptor file(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
      if (file.get() < 0) return system_problem("written");
      if (!lock_file(file.get(), F_WRLCK)) return system_problem("locked for writing");
      struct stat mine {
      }, named{};
      if (fstat(file.get(), &mine) != 0) return system_problem("examined");
      if (::stat(path_.c_str(), &named) == 0 && mine.st_ino == named.st_ino && mine.st_dev == named.st_dev) return file;
    }
  }

  /// Passes every line through `each`, then `last`; a crash leaves the old file or the new one. Nothing is written if `last`
  /// gives false.
  Outcome rewrite(const std::function<void(std::string_view, std::string&)>& each,
                  const std::function<bool(std::string&)>& last) {
    auto file = open_locked();
    if (!file) return fail(file.error());
    auto text = read(file->get());
    if (!text) return fail(text.error());
    std::string out;
    for_each_line(*text, [&](std::string_view line) { each(line, out); });
    if (!last(out)) return {};
    auto new_path = path_ + ".bossa-new";
    Descriptor fresh(::open(new_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (fresh.get() < 0) return system_problem("written");
    // Hashes are worth as much as passwords: whatever the old file's mode was, only its owner reads the new one.
    struct stat old {};
    bool done = fchmod(fresh.get(), S_IRUSR | S_IWUSR) == 0 && fstat(file->get(), &old) == 0 &&
                (old.st_uid == geteuid() || fchown(fresh.get(), old.st_uid, old.st_gid) == 0) && write_all(fresh.get(), out) &&
                fsync(fresh.get()) == 0 && std::rename(new_path.c_str(), path_.c_str()) == 0;
    if (!done) {
      auto failure = system_problem("written");
      ::unlink(new_path.c_str());
      return failure;
    }
    return {};
  }

  const std::string path_;
  mutable std::mutex mutex_;
  std::string problem_;
};

} // namespace

std::string flags_text(std::uint32_t flags) {
  std::string letters;
  for (auto [letter, bit] : flag_letters)
    if ((flags & bit) != 0) letters += letter;
  return fmt::format("[{:<11}]", letters);
}

std::string smbpasswd_line(const Account& account, std::uint32_t uid) {
  auto none = account.has(account_flag::password_not_required) ? no_password : no_hash;
  return fmt::format(
      "{}:{}:{}:{}:{}:LCT-{:08X}:", account.name, uid, account.lm_hash ? upper_hex(*account.lm_hash) : std::string(none),
      account.nt_hash ? upper_hex(*account.nt_hash) : std::string(none), flags_text(account.flags), account.password_last_set);
}

std::unique_ptr<AccountDatabase> open_smbpasswd(std::string path) { return std::make_unique<SmbpasswdFile>(std::move(path)); }

} // namespace bossa::auth
