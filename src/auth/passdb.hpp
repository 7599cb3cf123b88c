// Accounts: who may log on. Two back ends that share their files with Samba's own tools: tdbsam (passdb.tdb) and smbpasswd.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bytes.hpp"
#include "src/base/result.hpp"
#include "src/base/sid.hpp"
#include "src/crypto/secret.hpp"

namespace bossa::auth {

/// Account control bits as Samba stores them ([MS-SAMR] 2.2.1.12).
namespace account_flag {
inline constexpr std::uint32_t disabled = 0x1, home_dir_required = 0x2, password_not_required = 0x4, temporary_duplicate = 0x8,
                               normal = 0x10, mns = 0x20, domain_trust = 0x40, workstation_trust = 0x80, server_trust = 0x100,
                               password_no_expire = 0x200, auto_locked = 0x400, password_expired = 0x20000;
} // namespace account_flag

using NtHash = crypto::SecretArray<16>;
/// The NT hash of a password: MD4 over its UTF-16LE form ([MS-NLMP] 3.3.1, NTOWFv1).
[[nodiscard]] NtHash nt_hash_of(std::string_view password);

/// One account. Times are Unix seconds, 0: not set; `never` stands for "no limit".
struct Account {
  static constexpr std::uint32_t never = 0x7FA9547C; ///< what tdbsam keeps for "no limit" (6 February 2036)
  std::string name;                                  ///< Unix user name, as spelled in the record
  std::string domain;                                ///< NetBIOS name of the machine that made the record
  std::string nt_username, full_name;
  std::optional<std::string> home_directory, home_drive, logon_script, profile_path; ///< nothing: derived from smb.conf
  std::string description, workstations, comment, munged_dial;
  std::uint32_t rid = 0;         ///< 0 when put: the back end gives one
  std::uint32_t group_rid = 513; ///< Domain Users
  std::optional<NtHash> nt_hash; ///< nothing: no password was set
  std::optional<NtHash> lm_hash; ///< kept for the file's sake, never used to verify
  ByteVector password_history;   ///< opaque, kept as found
  std::uint32_t flags = account_flag::normal;
  std::uint32_t logon_time = 0, logoff_time = never, kickoff_time = never, bad_password_time = 0, password_last_set = 0,
                password_can_change = 0, password_must_change = never;
  std::uint16_t logon_divisions = 168;
  std::uint32_t hours_length = 21;
  ByteVector hours = ByteVector(32, 0xFF); ///< one bit per hour of the week, Sunday 00:00 UTC first
  std::uint16_t bad_password_count = 0, logon_count = 0;
  std::uint32_t unknown_6 = 0x4EC;

  [[nodiscard]] bool has(std::uint32_t flag) const { return (flags & flag) != 0; }
  /// Whether logons are allowed at that time by `hours`.
  [[nodiscard]] bool may_log_on_at(std::int64_t unix_seconds) const;
};

/// A set of accounts. Thread-safe. A file that is not there is an empty set. Failures: ACCESS_DENIED (file not readable or
/// writable), FILE_CORRUPT_ERROR (a record that cannot be understood), UNEXPECTED_IO_ERROR; last_problem() says it in words.
class AccountDatabase {
public:
  virtual ~AccountDatabase() = default;
  /// The account of that name, ignoring case; an empty optional when there is none.
  [[nodiscard]] virtual Result<std::optional<Account>> find(std::string_view name) = 0;
  /// The account with that RID.
  [[nodiscard]] virtual Result<std::optional<Account>> find_rid(std::uint32_t rid) = 0;
  [[nodiscard]] virtual Result<std::vector<Account>> list() = 0;
  /// Adds or replaces the account of that name. A RID of 0 is filled in. Creates the file, mode 0600, if it is not there.
  virtual Outcome put(Account account) = 0;
  /// OBJECT_NAME_NOT_FOUND: there is no such account.
  virtual Outcome remove(std::string_view name) = 0;
  /// What went wrong last, in plain words, with the path.
  [[nodiscard]] virtual std::string last_problem() const = 0;
};

/// Samba's passdb.tdb, read in place while Samba's tools may write; opened at the first look-up and again when replaced.
[[nodiscard]] std::unique_ptr<AccountDatabase> open_tdbsam(std::string path);
/// A text file as smbpasswd(5) describes it. RIDs follow Samba's rule: uid * 2 + 1000.
[[nodiscard]] std::unique_ptr<AccountDatabase> open_smbpasswd(std::string path);
/// From smb.conf's `passdb backend`: "tdbsam", "tdbsam:FILE", "smbpasswd", "smbpasswd:FILE". Without a FILE, passdb.tdb or
/// smbpasswd in `private_dir`; for smbpasswd `smb_passwd_file` wins when it is not empty. Nothing: back end not supported.
[[nodiscard]] std::unique_ptr<AccountDatabase> open_accounts(std::string_view backend, const std::string& private_dir,
                                                             const std::string& smb_passwd_file = {});
/// The same accounts for threads that are confined: their files are read and written by a thread that is not.
[[nodiscard]] std::unique_ptr<AccountDatabase> asked_outside(std::shared_ptr<AccountDatabase> accounts);
/// An empty database that keeps what is put in memory; for tests and for an unprivileged server.
[[nodiscard]] std::unique_ptr<AccountDatabase> memory_accounts();

/// The SID of this machine as Samba keeps it in PRIVATE_DIR/secrets.tdb; made (at random) and stored if there is none.
/// If the file can be neither read nor written, the failure tells; `problem`, when given, gets it in words.
[[nodiscard]] Result<Sid> machine_sid(const std::string& private_dir, std::string_view netbios_name,
                                      std::string* problem = nullptr);
/// A fresh S-1-5-21-x-y-z.
[[nodiscard]] Sid random_machine_sid();

} // namespace bossa::auth
