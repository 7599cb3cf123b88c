#include "migrate/users.hpp"

#include <charconv>

namespace bossa::migrate {
namespace {

constexpr std::string_view first_line = "# bossa-accounts 1: name, RID, flags, NT hash, password set, full name, description\n";

std::string clean(std::string text) {
  for (auto& c : text) {
    if (c == '\t' || c == '\n' || c == '\r') c = ' ';
  }
  return text;
}
std::string hexadecimal(const auth::NtHash& hash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (auto byte : hash) out += digits[byte >> 4], out += digits[byte & 15];
  return out;
}
bool parse_hash(std::string_view text, auth::NtHash& hash) {
  if (text.size() != 32) return false;
  for (std::size_t i = 0; i < 16; ++i) {
    auto [end, error] = std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, hash[i], 16);
    if (error != std::errc{} || end != text.data() + 2 * i + 2) return false;
  }
  return true;
}
template <class Number> bool parse_number(std::string_view text, Number& number, int base) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}
std::string in_shell(const std::string& word) {
  std::string out = "'";
  for (char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string accounts_text(const std::vector<auth::Account>& accounts) {
  std::string out{first_line};
  char flags[16];
  for (const auto& one : accounts) {
    auto [end, error] = std::to_chars(flags, flags + sizeof flags, one.flags, 16);
    out += clean(one.name) + "\t" + std::to_string(one.rid) + "\t" + std::string(flags, end) + "\t" + (one.nt_hash ? hexadecimal(*one.nt_hash) : "-") + "\t" +
           std::to_string(one.password_last_set) + "\t" + clean(one.full_name) + "\t" + clean(one.description) + "\n";
  }
  return out;
}

std::vector<auth::Account> accounts_from_text(const std::string& file, std::string_view text, std::string& error) {
  std::vector<auth::Account> out;
  unsigned number = 0;
  auto wrong = [&](std::string_view what) {
    error = file + ":" + std::to_string(number) + ": " + std::string(what) + "; export the accounts anew";
    return std::vector<auth::Account>{};
  };
  while (!text.empty()) {
    ++number;
    auto end = text.find('\n');
    if (end == std::string_view::npos) return wrong("the last line has no end: the file is truncated");
    auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (!line.starts_with("# bossa-accounts 1")) return wrong("this is no list of accounts");
      continue;
    }
    if (line.empty() || line.front() == '#') continue;
    std::vector<std::string_view> fields;
    for (auto rest = line;;) {
      auto tab = rest.find('\t');
      fields.push_back(rest.substr(0, tab));
      if (tab == std::string_view::npos) break;
      rest.remove_prefix(tab + 1);
    }
    auth::Account account;
    auth::NtHash hash{};
    if (fields.size() != 7 || fields[0].empty()) return wrong("seven fields with tabs between are expected");
    account.name = fields[0];
    if (!parse_number(fields[1], account.rid, 10)) return wrong("the RID is no number");
    if (!parse_number(fields[2], account.flags, 16)) return wrong("the flags are no hexadecimal number");
    if (fields[3] != "-") {
      if (!parse_hash(fields[3], hash)) return wrong("the NT hash has not 32 hexadecimal digits");
      account.nt_hash = hash;
    }
    if (!parse_number(fields[4], account.password_last_set, 10)) return wrong("the time of the password is no number");
    account.full_name = fields[5];
    account.description = fields[6];
    out.push_back(std::move(account));
  }
  if (number == 0) error = file + ": empty; export the accounts anew";
  return out;
}

std::string fusion_commands(const std::vector<auth::Account>& accounts, std::string_view configuration) {
  std::string out =
      "# The form of Fusion's account file (users_db.txt) is not published, so accounts are made anew with its own tool.\n"
      "# It asks for each password twice; hashes cannot be handed over. Each user must exist in the system (NSS) by the same name.\n";
  for (const auto& one : accounts) {
    if (one.has(auth::account_flag::workstation_trust | auth::account_flag::server_trust | auth::account_flag::domain_trust)) continue;
    if (one.has(auth::account_flag::disabled)) out += "# disabled: " + clean(one.name) + "\n";
    else out += "tsmb-passwd -c " + std::string(configuration) + " -a " + in_shell(one.name) + "\n";
  }
  return out;
}

}  // namespace bossa::migrate
