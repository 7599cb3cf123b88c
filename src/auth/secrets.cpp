// The machine's SID in Samba's secrets.tdb: key "SECRETS/SID/NAME" (no NUL), 68 bytes: the SID with room for 15 sub-authorities.
#include <fmt/format.h>

#include "src/auth/passdb.hpp"
#include "src/auth/tdb_file.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/random.hpp"

namespace bossa::auth {
namespace {

constexpr std::size_t stored_size = 8 + 15 * 4;

std::optional<Sid> stored_sid(const TdbFile& file, const std::string& key) {
  auto value = file.fetch(key);
  if (!value || value->size() != stored_size) return std::nullopt;
  return Sid::from_wire(*value);
}

} // namespace

Sid random_machine_sid() {
  ByteArray<12> bytes{};
  crypto::random_bytes(bytes);
  Sid sid{1, 5, {21}};
  for (std::size_t i = 0; i < 3; ++i) sid.sub_authority.push_back(load_le<std::uint32_t>(&bytes[4 * i]));
  return sid;
}

Result<Sid> machine_sid(const std::string& private_dir, std::string_view netbios_name, std::string* problem) {
  std::string unused;
  std::string& words = problem != nullptr ? *problem : unused;
  auto path = private_dir + "/secrets.tdb";
  auto key = "SECRETS/SID/" + to_upper(netbios_name);
  auto file = TdbFile::open(path, TdbFile::For::reading, words);
  if (file) {
    if (auto sid = stored_sid(*file, key)) return *sid;
  } else if (file.error() != status::object_name_not_found) {
    return fail(file.error());
  }
  file = Result<TdbFile>(); // closed before it is opened again
  auto writable = TdbFile::open(path, TdbFile::For::writing, words);
  if (!writable) return fail(writable.error());
  std::optional<Sid> sid;
  bool done = writable->transaction([&] {
    if ((sid = stored_sid(*writable, key))) return true; // another program was quicker
    sid = random_machine_sid();
    ByteVector value;
    sid->append_to(value);
    value.resize(stored_size);
    return writable->store(key, value);
  });
  if (!done) {
    words = fmt::format("{} cannot be written", path);
    return fail(status::unexpected_io_error);
  }
  return *sid;
}

} // namespace bossa::auth
