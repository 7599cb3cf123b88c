#include <map>
#include <mutex>

#include "src/auth/passdb.hpp"
#include "src/base/unicode.hpp"
#include "src/isolation/outside.hpp"

namespace bossa::auth {

bool Account::may_log_on_at(std::int64_t unix_seconds) const {
  if (hours_length == 0) return true;
  if (hours.size() < 21) return false;
  constexpr std::int64_t hours_in_week = 168, first_sunday = 3 * 24; // 1 January 1970 was a Thursday
  auto hour = static_cast<std::size_t>((unix_seconds / 3600 - first_sunday) % hours_in_week + hours_in_week) % hours_in_week;
  return (hours[hour / 8] >> (hour % 8) & 1) != 0;
}

namespace {

class MemoryAccounts final : public AccountDatabase {
public:
  Result<std::optional<Account>> find(std::string_view name) override {
    std::lock_guard guard(mutex_);
    auto at = accounts_.find(fold_case(name));
    return at == accounts_.end() ? std::optional<Account>() : std::optional<Account>(at->second);
  }
  Result<std::optional<Account>> find_rid(std::uint32_t rid) override {
    std::lock_guard guard(mutex_);
    for (const auto& [key, account] : accounts_)
      if (account.rid == rid) return std::optional<Account>(account);
    return std::optional<Account>();
  }
  Result<std::vector<Account>> list() override {
    std::lock_guard guard(mutex_);
    std::vector<Account> all;
    for (const auto& [key, account] : accounts_) all.push_back(account);
    return all;
  }
  Outcome put(Account account) override {
    std::lock_guard guard(mutex_);
    auto key = fold_case(account.name);
    auto at = accounts_.find(key);
    if (account.rid == 0) account.rid = at != accounts_.end() ? at->second.rid : next_rid_++;
    accounts_[key] = std::move(account);
    return {};
  }
  Outcome remove(std::string_view name) override {
    std::lock_guard guard(mutex_);
    if (accounts_.erase(fold_case(name)) == 0) return fail(status::object_name_not_found);
    return {};
  }
  std::string last_problem() const override { return "there is no such account"; }

private:
  std::mutex mutex_;
  std::map<std::string, Account> accounts_;
  std::uint32_t next_rid_ = 1000;
};

class OutsideAccounts final : public AccountDatabase {
public:
  explicit OutsideAccounts(std::shared_ptr<AccountDatabase> accounts) : accounts_(std::move(accounts)) {}
  Result<std::optional<Account>> find(std::string_view name) override {
    return isolation::outside([&] { return accounts_->find(name); });
  }
  Result<std::optional<Account>> find_rid(std::uint32_t rid) override {
    return isolation::outside([&] { return accounts_->find_rid(rid); });
  }
  Result<std::vector<Account>> list() override {
    return isolation::outside([&] { return accounts_->list(); });
  }
  Outcome put(Account account) override {
    return isolation::outside([&] { return accounts_->put(std::move(account)); });
  }
  Outcome remove(std::string_view name) override {
    return isolation::outside([&] { return accounts_->remove(name); });
  }
  std::string last_problem() const override { return accounts_->last_problem(); }

private:
  std::shared_ptr<AccountDatabase> accounts_;
};

} // namespace

std::unique_ptr<AccountDatabase> asked_outside(std::shared_ptr<AccountDatabase> accounts) {
  return std::make_unique<OutsideAccounts>(std::move(accounts));
}

std::unique_ptr<AccountDatabase> memory_accounts() { return std::make_unique<MemoryAccounts>(); }

std::unique_ptr<AccountDatabase> open_accounts(std::string_view backend, const std::string& private_dir,
                                               const std::string& smb_passwd_file) {
  auto colon = std::min(backend.find(':'), backend.size());
  auto kind = backend.substr(0, colon);
  std::string file(colon < backend.size() ? backend.substr(colon + 1) : std::string_view());
  if (file.size() >= 2 && file.front() == '"' && file.back() == '"') file = file.substr(1, file.size() - 2);
  if (kind == "tdbsam") return open_tdbsam(file.empty() ? private_dir + "/passdb.tdb" : file);
  if (kind != "smbpasswd") return nullptr;
  if (!file.empty()) return open_smbpasswd(file);
  return open_smbpasswd(smb_passwd_file.empty() ? private_dir + "/smbpasswd" : smb_passwd_file);
}

} // namespace bossa::auth
