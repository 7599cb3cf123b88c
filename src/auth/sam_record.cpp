// Layout, all little endian: seven times (u32); twelve strings, each a u32 length that counts a final NUL and the bytes (length 0
// for "not set"); user RID, group RID (u32); LM hash, NT hash, password history, each u32 length and bytes; account flags (u32);
// logon divisions (u16); length of the hours in use (u32); hours (u32 length, bytes); bad password count, logon count (u16);
// one u32 that is always 0x4EC.
#include "src/auth/sam_record.hpp"

#include <algorithm>
#include <array>

#include "src/wire/codec.hpp"

namespace bossa::auth {
namespace {

using OptionalText = std::optional<std::string>;

Bytes read_block(wire::Reader& reader) {
  auto length = reader.get<std::uint32_t>();
  return reader.take(length);
}
OptionalText read_text(wire::Reader& reader) {
  auto block = read_block(reader);
  if (block.empty()) return std::nullopt;
  auto text = as_text(block);
  return std::string(text.substr(0, std::min(text.find('\0'), text.size())));
}
void read_hash(wire::Reader& reader, std::optional<NtHash>& hash) {
  auto block = read_block(reader);
  if (block.size() == 16)
    std::copy_n(block.begin(), 16, hash.emplace().begin());
  else if (!block.empty())
    reader.ok = false;
}

void write_block(wire::Writer& writer, Bytes block) {
  writer(static_cast<std::uint32_t>(block.size()));
  writer.bytes(block);
}
void write_text(wire::Writer& writer, const OptionalText& text) {
  if (!text) return writer(std::uint32_t{0});
  writer(static_cast<std::uint32_t>(text->size() + 1));
  writer.bytes(as_bytes(*text));
  writer.zeros(1);
}
void write_hash(wire::Writer& writer, const std::optional<NtHash>& hash) { write_block(writer, hash ? Bytes(*hash) : Bytes()); }

constexpr auto times = std::array{&Account::logon_time,          &Account::logoff_time,       &Account::kickoff_time,
                                  &Account::bad_password_time,   &Account::password_last_set, &Account::password_can_change,
                                  &Account::password_must_change};
constexpr auto names = std::array{&Account::name, &Account::domain, &Account::nt_username, &Account::full_name};
constexpr auto optional_texts =
    std::array{&Account::home_directory, &Account::home_drive, &Account::logon_script, &Account::profile_path};
constexpr auto last_texts = std::array{&Account::description, &Account::workstations, &Account::comment, &Account::munged_dial};

} // namespace

std::optional<Account> unpack_sam_record(Bytes record) {
  Account account;
  wire::Reader reader(record);
  for (auto member : times) reader(account.*member);
  for (auto member : names) account.*member = read_text(reader).value_or("");
  for (auto member : optional_texts) account.*member = read_text(reader);
  for (auto member : last_texts) account.*member = read_text(reader).value_or("");
  reader(account.rid);
  reader(account.group_rid);
  read_hash(reader, account.lm_hash);
  read_hash(reader, account.nt_hash);
  account.password_history = to_vector(read_block(reader));
  reader(account.flags);
  reader(account.logon_divisions);
  reader(account.hours_length);
  account.hours = to_vector(read_block(reader));
  reader(account.bad_password_count);
  reader(account.logon_count);
  reader(account.unknown_6);
  if (!reader.ok || reader.remaining() != 0 || account.name.empty()) return std::nullopt;
  return account;
}

ByteVector pack_sam_record(const Account& account) {
  ByteVector record;
  wire::Writer writer(record);
  for (auto member : times) writer(account.*member);
  for (auto member : names) write_text(writer, account.*member);
  for (auto member : optional_texts) write_text(writer, account.*member);
  for (auto member : last_texts) write_text(writer, account.*member);
  writer(account.rid);
  writer(account.group_rid);
  write_hash(writer, account.lm_hash);
  write_hash(writer, account.nt_hash);
  write_block(writer, account.password_history);
  writer(account.flags);
  writer(account.logon_divisions);
  writer(account.hours_length);
  write_block(writer, account.hours);
  writer(account.bad_password_count);
  writer(account.logon_count);
  writer(account.unknown_6);
  return record;
}

} // namespace bossa::auth
