// The record of one account in passdb.tdb, version 4 as Samba 4.17 writes it (found by watching pdbedit and tdbdump).
#pragma once
#include <optional>

#include "src/auth/passdb.hpp"

namespace bossa::auth {

/// Nothing if the record is short, has trailing bytes or a hash of a wrong length.
[[nodiscard]] std::optional<Account> unpack_sam_record(Bytes record);
[[nodiscard]] ByteVector pack_sam_record(const Account& account);

} // namespace bossa::auth
