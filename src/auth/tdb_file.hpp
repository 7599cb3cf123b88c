// Samba's small databases, opened for one operation at a time. Internal to src/auth.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/crypto/secret.hpp"

struct tdb_context;

namespace bossa::auth {

/// An open TDB file. Opened anew for each operation: so a file replaced by a restore is noticed, no lock is lost in a fork, and
/// two users in one process do not meet (libtdb opens a file only once per process; open() waits for its turn).
class TdbFile {
public:
  enum class For : std::uint8_t { reading, writing };
  /// OBJECT_NAME_NOT_FOUND: reading, and there is no such file. ACCESS_DENIED: no permission. FILE_CORRUPT_ERROR: not a TDB.
  /// Writing creates it with mode 0600. `problem` gets the failure in words.
  static Result<TdbFile> open(const std::string& path, For purpose, std::string& problem);

  /// What is kept there may hold password hashes, so it is wiped after use.
  [[nodiscard]] std::optional<crypto::SecretVector> fetch(std::string_view key) const;
  /// Calls `visit` for each record whose key begins with the prefix.
  bool each(std::string_view prefix, const std::function<void(std::string_view key, Bytes value)>& visit) const;
  /// Whether every record hangs together with the rest. Without that, a record that is not found may be a damaged one.
  [[nodiscard]] bool sound() const;
  bool store(std::string_view key, Bytes value);
  bool erase(std::string_view key);
  /// Runs `work` in a transaction; commits when it gives true.
  bool transaction(const std::function<bool()>& work);

private:
  struct Close {
    void operator()(tdb_context* tdb) const;
  };
  explicit TdbFile(tdb_context* tdb) : tdb_(tdb) {}
  std::unique_ptr<tdb_context, Close> tdb_;
};

} // namespace bossa::auth
