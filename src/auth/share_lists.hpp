// Access lists of shares that Samba keeps outside of its configuration: set with sharesec or from Windows, stored in share_info.tdb.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/wire/security_descriptor.hpp"

namespace bossa::auth {

/// What the database says at one moment. Read anew whenever somebody connects, so that sharesec takes effect at once.
class ShareLists {
public:
  /// The database in that directory; one that is not there holds no lists. Fails when it cannot be read or understood as a whole, with
  /// what is wrong and what to do about it in `problem`. A confined thread has it read by another.
  [[nodiscard]] static Result<ShareLists> read(const std::string& state_directory, std::string& problem);

  /// The share's list; nothing: none was set. INVALID_SECURITY_DESCR: there is one, but it cannot be understood; `problem` as above.
  [[nodiscard]] Result<std::optional<wire::SecurityDescriptor>> of(std::string_view share, std::string& problem) const;
  /// The same as it is stored; empty: none was set.
  [[nodiscard]] Bytes record(std::string_view share) const;
  /// Names in lower case, as they are stored, of the shares whose list is another than "everyone: full control", also of such as cannot
  /// be understood.
  [[nodiscard]] std::set<std::string> restricted() const;

private:
  std::string path_;
  std::map<std::string, ByteVector, std::less<>> records_;
};

} // namespace bossa::auth
