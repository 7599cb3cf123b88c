// What a configuration demands of the engine, in typed form. Both configuration formats (smb.conf, Fusion) fill these types;
// the engine and the verdicts of this folder read them. Plain data; immutable once published.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/policy/limits.hpp"

namespace bossa::policy {

/// Where a setting was made, for log lines and explanations ("smb.conf:12").
struct Origin {
  std::string file;
  unsigned line = 0;  ///< 1-based; 0: built-in default
  [[nodiscard]] std::string text() const { return line == 0 ? "default" : file + ":" + std::to_string(line); }
};
/// Canonical parameter name -> where it was set. Absent: the default.
using Origins = std::map<std::string, Origin, std::less<>>;

/// SMB2 dialect revisions, [MS-SMB2] 2.2.3.
enum class Dialect : std::uint16_t { smb2_02 = 0x0202, smb2_10 = 0x0210, smb3_00 = 0x0300, smb3_02 = 0x0302, smb3_11 = 0x0311 };
[[nodiscard]] constexpr bool is_smb3(Dialect dialect) { return dialect >= Dialect::smb3_00; }
/// As Settings::max_dialect: only SMB1 is configured (`server max protocol = NT1`), so that no dialect is left.
inline constexpr Dialect no_dialect{};
/// Samba's name of a dialect as %R prints it: "SMB2_02" … "SMB3_11".
[[nodiscard]] std::string_view dialect_name(Dialect dialect);

/// `server signing`. On SMB2 and later if_required, default_ and disabled all offer signing; required demands it.
enum class Signing { default_, if_required, required, disabled };
/// `server smb encrypt`.
enum class Encryption { default_, off, if_required, desired, required };
/// `map to guest`.
enum class MapToGuest { never, bad_user, bad_password, bad_uid };
/// `case sensitive`: automatic is "no" for SMB2 clients.
enum class CaseSensitive { automatic, yes, no };
/// `map readonly`: READONLY is kept in the write bits, or is what the user may not write and cannot be set.
enum class MapReadonly { no, yes, permissions };
/// `restrict anonymous`, `ntlm auth`, … are kept as Samba's numbers.
enum class NtlmAuth { ntlmv2_only, ntlmv1_permitted, mschapv2_and_ntlmv2_only, disabled };

/// Which of the two languages a configuration is written in; the words of reasons follow it, and what they mean is in the members.
enum class ConfigFormat { samba, fusion };

/// One entry of Fusion's `permissions`. What an entry admits adds up with the others; `no` wins over all of them.
struct SharePermission {
  enum class Who {
    everyone,       ///< every session of an account: neither guests nor null sessions
    authenticated,  ///< the same
    anonymous,      ///< null sessions
    guest,          ///< guest sessions
    user,
    group,  ///< Unix group
  };
  enum class Access { no, read, change, full };
  Who who = Who::everyone;
  std::string name;  ///< of a user or group
  Access access = Access::read;
  friend bool operator==(const SharePermission&, const SharePermission&) = default;
};

/// One share. Strings may hold % macros, which are expanded at use (src/policy/macros.hpp).
struct ShareSettings {
  std::string name;  ///< as spelled first in the file
  std::string path;
  std::string comment;
  bool browseable = true, available = true, read_only = true, guest_ok = false, guest_only = false, printable = false;
  bool is_homes = false;           ///< the [homes] template itself
  bool is_printers = false;        ///< the [printers] template itself
  std::string home_of;             ///< set on the copy made for a user
  std::vector<std::string> valid_users, invalid_users, read_list, write_list, admin_users;  ///< elements as written: "bob", "@group", "+g", "&g", "%S"
  std::string force_user, force_group;
  std::uint32_t create_mask = 0744, force_create_mode = 0, directory_mask = 0755, force_directory_mode = 0;  ///< mode bits
  std::vector<std::string> hosts_allow, hosts_deny;
  std::string veto_files, hide_files;  ///< "/a*/b/" lists
  bool hide_dot_files = true, hide_special_files = false, hide_unreadable = false, hide_unwriteable_files = false, delete_veto_files = false;
  CaseSensitive case_sensitive = CaseSensitive::automatic;
  bool preserve_case = true, short_preserve_case = true;
  bool default_case_upper = false;
  bool store_dos_attributes = true, map_archive = true, map_hidden = false, map_system = false;
  MapReadonly map_readonly = MapReadonly::no;
  bool ea_support = true;
  bool follow_symlinks = true, wide_links = false;
  bool inherit_permissions = false, inherit_acls = false, inherit_owner = false, dos_filemode = false, delete_readonly = false;
  bool strict_sync = true, sync_always = false, strict_allocate = false, dos_filetimes = true, dos_filetime_resolution = false;
  bool oplocks = true, level2_oplocks = true, kernel_oplocks = false, kernel_share_modes = false, durable_handles = true, posix_locking = true;
  bool continuous_availability = false;  ///< persistent handles: they outlive the server
  int strict_locking = 2;              ///< 0 no, 1 yes, 2 auto
  bool access_based_enumeration = false;
  std::uint32_t max_connections = 0;   ///< 0: unlimited
  std::uint64_t max_disk_size = 0;     ///< MiB; 0: unlimited
  std::uint32_t block_size = 1024;
  std::string fstype = "NTFS";
  std::string volume;                  ///< empty: the share name
  std::string mangled_names = "illegal";  ///< which names get an 8.3 alias: "no", "illegal", "yes"
  std::string veto_oplock_files;          ///< "/a*/b/": no oplocks and leases on these
  std::string csc_policy = "manual";      ///< "manual", "documents", "programs", "disable"
  int volume_serial = -1;                 ///< -1: made from the path
  std::vector<std::string> vfs_objects;
  /// Options with a colon in their name ("acl_xattr:ignore system acls"), [global]'s included; names in lower case, without blanks.
  std::map<std::string, std::string, std::less<>> options;
  Encryption encryption = Encryption::default_;
  /// Fusion's access list; set, it takes the place of read_only, guest_ok and the lists of users above.
  std::optional<std::vector<SharePermission>> permissions;
  /// Not empty: an access-control line is understood and cannot be honoured; the share is not served, the log gives this text.
  std::string not_served_because;
  Origins origins;
};

/// [global], and the shares.
struct Settings {
  std::string configuration_file;
  ConfigFormat format = ConfigFormat::samba;
  std::string workgroup = "WORKGROUP", netbios_name, server_string = "Samba %v";
  std::vector<std::string> netbios_aliases;
  Dialect min_dialect = Dialect::smb2_02, max_dialect = Dialect::smb3_11;
  std::vector<Dialect> dialects;  ///< not empty: of the range above these alone (a Fusion file may leave gaps)
  Signing signing = Signing::default_;
  bool drop_unsigned = false;          ///< Fusion: an unsigned request gets no answer where signing is required; else ACCESS_DENIED
  bool keyless_must_sign = false;      ///< `signing = required` holds for guest and anonymous sessions too, which cannot sign: they are cut off
  bool encryption_per_share = false;   ///< Fusion: a share's `encryption` wins over the global one both ways
  bool reject_unencrypted = false;     ///< every clear message of a session is refused, whatever `encryption` says (Fusion 3024.10)
  bool null_session_access = true;     ///< false: null sessions reach no share but IPC$
  Encryption encryption = Encryption::default_;
  /// In order of preference, by Samba's names ("AES-128-GMAC" …, "AES-128-GCM" …).
  std::vector<std::string> signing_algorithms{"AES-128-GMAC", "AES-128-CMAC", "HMAC-SHA256"};
  std::vector<std::string> encryption_algorithms{"AES-128-GCM", "AES-128-CCM", "AES-256-GCM", "AES-256-CCM"};
  std::vector<std::uint16_t> ports{445, 139};
  std::vector<std::string> interfaces;
  bool bind_interfaces_only = false;
  std::vector<std::string> hosts_allow, hosts_deny;  ///< set in [global]; they are also every share's default
  std::string passdb_backend = "tdbsam";             ///< "tdbsam[:FILE]" or "smbpasswd[:FILE]"
  std::string smb_passwd_file = "/var/lib/samba/private/smbpasswd";
  MapToGuest map_to_guest = MapToGuest::never;
  std::string guest_account = "nobody";
  std::string username_map;
  NtlmAuth ntlm_auth = NtlmAuth::ntlmv2_only;
  int restrict_anonymous = 0;
  bool null_passwords = false, access_based_share_enum = false;
  std::string log_file, log_level_text = "0";
  int log_level = 0;
  std::uint32_t max_log_size_kib = 5000;
  std::string pid_directory = "/run/samba", lock_directory = "/run/samba", state_directory = "/var/lib/samba",
              cache_directory = "/var/cache/samba", private_dir = "/var/lib/samba/private";
  std::uint32_t max_read = 8388608, max_write = 8388608, max_transact = 8388608;  ///< bytes, `smb2 max read` …
  std::uint32_t max_credits = 8192;
  std::uint32_t max_smbd_processes = 0;  ///< taken as a limit of connections; 0: unlimited
  std::uint32_t max_open_files = 16384;
  std::uint32_t deadtime_minutes = 10080;
  std::uint32_t keepalive_seconds = 300;
  bool multichannel = true, smb2_leases = true, directory_leases = true;
  bool lock_sequences_off = false;         ///< `smb2 disable lock sequence checking`
  bool change_notify = true, kernel_change_notify = true;
  bool unix_extensions = true;
  bool smb3_unix_extensions = false;       ///< POSIX extensions of SMB 3.1.1
  bool allow_insecure_wide_links = false;  ///< ShareSettings::wide_links already takes it into account
  bool hostname_lookups = false;           ///< look up client names for hosts allow / hosts deny
  std::string winbind_separator = "\\";
  std::uint64_t max_disk_size_mib = 0;     ///< 0: unlimited; every share's max_disk_size
  std::string socket_options = "TCP_NODELAY";
  std::string default_service;
  Limits limits;                           ///< `bossa:…`, what one client may take up
  std::vector<ShareSettings> shares;  ///< in file order, [homes] included; without [global]
  Origins origins;

  /// The share of that name, without case; nothing for a share that the file does not name. Knows nothing of [homes].
  [[nodiscard]] const ShareSettings* find_share(std::string_view name) const;
};

}  // namespace bossa::policy
