#include "src/auth/account_tool.hpp"

#include <fmt/format.h>

#include "src/auth/nss.hpp"
#include "src/base/time.hpp"
#include "src/base/unicode.hpp"

namespace bossa::auth {
namespace {

AccountAnswer refused(std::string why) { return {false, std::move(why)}; }
AccountAnswer done(std::string what) { return {true, std::move(what)}; }

std::optional<UnixUser> unix_user_of(const std::string& name) {
  for (const std::string& spelling : {name, to_lower(name)})
    if (auto user = nss::user_by_name(spelling)) return user;
  return std::nullopt;
}

/// Gives the account the command's password, or none.
void set_password(Account& account, const AccountCommand& command) {
  account.lm_hash.reset();
  if (command.no_password) {
    account.nt_hash.reset();
    account.flags |= account_flag::password_not_required;
  } else {
    account.nt_hash = nt_hash_of(*command.password);
    account.flags &= ~account_flag::password_not_required;
  }
  account.flags &= ~account_flag::password_expired;
  account.password_last_set = static_cast<std::uint32_t>(unix_time(nt_now()).tv_sec);
  account.password_must_change = Account::never;
  account.bad_password_count = 0;
}

AccountAnswer store(AccountDatabase& accounts, const Account& account, std::string what) {
  if (!accounts.put(account)) return refused(accounts.last_problem());
  return done(std::move(what));
}

AccountAnswer add(AccountDatabase& accounts, const AccountCommand& command) {
  auto user = unix_user_of(command.user);
  if (!user) return refused(fmt::format("there is no Unix user \"{}\": create it first (adduser)", command.user));
  Account account;
  account.name = user->name;
  account.domain = command.netbios_name;
  account.full_name = command.full_name.value_or(user->full_name.substr(0, user->full_name.find(',')));
  set_password(account, command);
  return store(accounts, account, fmt::format("added account \"{}\"", account.name));
}

AccountAnswer list(AccountDatabase& accounts, bool smbpasswd_style) {
  auto all = accounts.list();
  if (!all) return refused(accounts.last_problem());
  std::string text;
  for (const auto& account : *all) {
    auto user = nss::user_by_name(account.name);
    if (smbpasswd_style)
      text += smbpasswd_line(account, user ? user->uid : 0xFFFFFFFF) + "\n";
    else
      text += fmt::format("{:<24} {} {:>6}{}{}{}\n", account.name, flags_text(account.flags), account.rid,
                          account.full_name.empty() ? "" : " ", account.full_name, user ? "" : " (no Unix user of that name)");
  }
  return done(std::move(text));
}

} // namespace

AccountAnswer run(AccountDatabase& accounts, const AccountCommand& command) {
  using Kind = AccountCommand::Kind;
  if (command.kind == Kind::list) return list(accounts, command.smbpasswd_style);
  auto found = accounts.find(command.user);
  if (!found) return refused(accounts.last_problem());
  if (!*found) {
    if (command.kind == Kind::add) return add(accounts, command);
    return refused(fmt::format("there is no account \"{}\"", command.user));
  }
  Account& account = **found;
  switch (command.kind) {
  case Kind::add:
    if (command.full_name) account.full_name = *command.full_name;
    [[fallthrough]];
  case Kind::change:
    set_password(account, command);
    return store(accounts, account, fmt::format("changed the password of \"{}\"", account.name));
  case Kind::enable:
    if (!account.nt_hash && !account.has(account_flag::password_not_required))
      return refused(fmt::format("account \"{}\" has no password: set one first", account.name));
    account.flags &= ~(account_flag::disabled | account_flag::auto_locked);
    account.bad_password_count = 0;
    return store(accounts, account, fmt::format("enabled \"{}\"", account.name));
  case Kind::disable:
    account.flags |= account_flag::disabled;
    return store(accounts, account, fmt::format("disabled \"{}\"", account.name));
  case Kind::remove:
    if (!accounts.remove(account.name)) return refused(accounts.last_problem());
    return done(fmt::format("deleted account \"{}\"", account.name));
  case Kind::list: break;
  }
  return refused("no such command");
}

} // namespace bossa::auth
