// passdb.tdb: "USER_name\0" holds the record, "RID_%08x\0" the name in lower case, "NEXT_RID\0" the RID for the next account.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "src/auth/passdb.hpp"
#include "src/auth/sam_record.hpp"
#include "src/auth/tdb_file.hpp"
#include "src/base/unicode.hpp"

namespace bossa::auth {
namespace {

using namespace std::string_view_literals;
constexpr auto user_prefix = "USER_"sv, version_key = "INFO/version\0"sv, minor_version_key = "INFO/minor_version\0"sv,
               next_rid_key = "NEXT_RID\0"sv;
constexpr std::uint32_t supported_version = 4, first_rid = 1000;

std::string with_nul(std::string text) { return text += '\0', text; }
std::string user_key(std::string_view name) { return with_nul(std::string(user_prefix) + to_lower(name)); }
std::string rid_key(std::uint32_t rid) { return with_nul(fmt::format("RID_{:08x}", rid)); }
ByteVector number(std::uint32_t value) {
  ByteVector out(4);
  store_le(out.data(), value);
  return out;
}
std::optional<std::uint32_t> number_in(const TdbFile& file, std::string_view key) {
  auto value = file.fetch(key);
  if (!value || value->size() != 4) return std::nullopt;
  return load_le<std::uint32_t>(value->data());
}

class Tdbsam final : public AccountDatabase {
public:
  explicit Tdbsam(std::string path) : path_(std::move(path)) {}

  Result<std::optional<Account>> find(std::string_view name) override {
    std::lock_guard guard(mutex_);
    auto file = open(TdbFile::For::reading);
    if (!file) return missing(file.error()) ? Result<std::optional<Account>>(std::optional<Account>()) : fail(file.error());
    return record(*file, user_key(name));
  }

  Result<std::optional<Account>> find_rid(std::uint32_t rid) override {
    std::lock_guard guard(mutex_);
    auto file = open(TdbFile::For::reading);
    if (!file) return missing(file.error()) ? Result<std::optional<Account>>(std::optional<Account>()) : fail(file.error());
    auto name = file->fetch(rid_key(rid));
    if (!name || name->empty()) return std::optional<Account>();
    return record(*file, user_key(as_text(Bytes(*name).first(name->size() - 1))));
  }

  Result<std::vector<Account>> list() override {
    std::lock_guard guard(mutex_);
    auto file = open(TdbFile::For::reading);
    if (!file) return missing(file.error()) ? Result<std::vector<Account>>(std::vector<Account>()) : fail(file.error());
    std::vector<Account> accounts;
    std::string damaged;
    bool whole = file->each(user_prefix, [&](std::string_view key, Bytes value) {
      if (auto account = unpack_sam_record(value))
        accounts.push_back(std::move(*account));
      else
        damaged = key;
    });
    if (!damaged.empty()) return corrupt(damaged);
    if (!whole) return problem(status::file_corrupt_error, "cannot be read to its end");
    std::sort(accounts.begin(), accounts.end(), [](const Account& a, const Account& b) { return a.name < b.name; });
    return accounts;
  }

  Outcome put(Account account) override {
    std::lock_guard guard(mutex_);
    auto file = open(TdbFile::For::writing);
    if (!file) return fail(file.error());
    bool done = file->transaction([&] { return write(*file, account); });
    if (!done) return problem(status::unexpected_io_error, "cannot be written (disk full?)");
    return {};
  }

  Outcome remove(std::string_view name) override {
    std::lock_guard guard(mutex_);
    auto file = open(TdbFile::For::writing);
    if (!file) return fail(file.error());
    auto value = file->fetch(user_key(name));
    if (!value) return problem(status::object_name_not_found, fmt::format("has no account \"{}\"", name));
    auto account = unpack_sam_record(*value);
    bool done = file->transaction([&] {
      return file->erase(user_key(name)) &&
             (!account || !file->fetch(rid_key(account->rid)) || file->erase(rid_key(account->rid)));
    });
    if (!done) return problem(status::unexpected_io_error, "cannot be written (disk full?)");
    return {};
  }

  std::string last_problem() const override {
    std::lock_guard guard(mutex_);
    return problem_;
  }

private:
  Failure problem(NtStatus status, std::string_view what) {
    problem_ = fmt::format("{} {}", path_, what);
    return fail(status);
  }
  Failure corrupt(std::string_view key) {
    return problem(status::file_corrupt_error,
                   fmt::format("holds a record that cannot be understood: {}", key.substr(0, key.find('\0'))));
  }
  static bool missing(NtStatus status) { return status == status::object_name_not_found; }

  /// A version other than Samba's present one is left alone: its own tools convert it.
  Result<TdbFile> open(TdbFile::For purpose) {
    auto file = TdbFile::open(path_, purpose, problem_);
    if (!file) return file;
    auto version = number_in(*file, version_key);
    if (version && *version != supported_version)
      return problem(
          status::file_corrupt_error,
          fmt::format("has version {}, not {}; run \"pdbedit -L\" of Samba once to convert it", *version, supported_version));
    return file;
  }

  Result<std::optional<Account>> record(const TdbFile& file, const std::string& key) {
    auto value = file.fetch(key);
    if (!value) return std::optional<Account>();
    auto account = unpack_sam_record(*value);
    if (!account) return corrupt(key);
    return account;
  }

  static bool write(TdbFile& file, Account& account) {
    if (!number_in(file, version_key) &&
        (!file.store(version_key, number(supported_version)) || !file.store(minor_version_key, number(0))))
      return false;
    auto key = user_key(account.name);
    auto old_value = file.fetch(key);
    auto old = old_value ? unpack_sam_record(*old_value) : std::nullopt;
    if (account.rid == 0 && old) account.rid = old->rid;
    if (account.rid == 0) {
      account.rid = number_in(file, next_rid_key).value_or(first_rid);
      while (file.fetch(rid_key(account.rid))) ++account.rid;
      if (!file.store(next_rid_key, number(account.rid + 1))) return false;
    }
    if (old && old->rid != account.rid && file.fetch(rid_key(old->rid)) && !file.erase(rid_key(old->rid))) return false;
    auto packed = pack_sam_record(account);
    bool stored = file.store(key, packed);
    crypto::wipe(packed);
    return stored && file.store(rid_key(account.rid), as_bytes(with_nul(to_lower(account.name))));
  }

  const std::string path_;
  mutable std::mutex mutex_;
  std::string problem_;
};

} // namespace

std::unique_ptr<AccountDatabase> open_tdbsam(std::string path) { return std::make_unique<Tdbsam>(std::move(path)); }

} // namespace bossa::auth
