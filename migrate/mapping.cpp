#include "migrate/mapping.hpp"

#include <string>
#include <unordered_map>

namespace bossa::migrate {
namespace {

using enum Grade;
constexpr unsigned quiet = 0, seen = trait::observable, widens = trait::widens, both = trait::observable | trait::widens;

// clang-format off
constexpr Mapping table[] = {
    // samba                      fusion                           to_fusion to_samba rule            traits  reason
    {"path",                      "path",                          exact, exact, Rule::copy,          seen,   "% macros in it have no counterpart"},
    {"comment",                   "remark",                        exact, exact, Rule::copy,          quiet,  "% macros in it have no counterpart"},
    {"netbios name",              "server_name",                   exact, exact, Rule::copy,          quiet,  "at most 15 bytes"},
    {"server string",             "server_comment",                exact, exact, Rule::copy,          quiet,  "% macros in it have no counterpart"},
    {"workgroup",                 "domain",                        exact, exact, Rule::copy,          quiet,  "at most 15 bytes"},
    {"security",                  "userdb_type",                   near,  near,  Rule::accounts,      quiet,  "accounts must be made anew; ads loses winbind and its id ranges"},
    {"server role",               "userdb_type",                   near,  near,  Rule::accounts,      quiet,  "a standalone server, or a member of a domain by security = ads"},
    {"realm",                     "domain",                        near,  near,  Rule::accounts,      quiet,  "with userdb_type = ad"},
    {"passdb backend",            "userdb_type, userdb_file, ldap_uri", lossy, lossy, Rule::accounts, quiet, "the account file has another form: move accounts with bossa-migrate users"},
    {"smb passwd file",           "userdb_file",                   lossy, lossy, Rule::accounts,      quiet,  "the account file has another form: move accounts with bossa-migrate users"},
    {"ldap suffix",               "ldap_base_dn",                  near,  near,  Rule::accounts,      quiet,  ""},
    {"ldap admin dn",             "ldap_bind_dn",                  lossy, lossy, Rule::accounts,      quiet,  "the password stands in clear in a Fusion file (ldap_bind_pw) and is not carried over"},
    {"ldap timeout",              "ldap_timeout",                  near,  near,  Rule::number,        quiet,  ""},
    {"ldap *",                    "",                              lossy, none,  Rule::dropped,       quiet,  "no counterpart"},
    {"",                          "ldap_*",                        none,  lossy, Rule::dropped,       quiet,  "Samba's attribute names are fixed, its password is in secrets.tdb"},
    {"idmap config * : backend",  "authz_require_posix",           lossy, lossy, Rule::dropped,       quiet,  "ids must be planned by hand"},
    {"idmap *",                   "",                              lossy, none,  Rule::dropped,       quiet,  "ids must be planned by hand"},
    {"winbind *",                 "",                              lossy, none,  Rule::dropped,       quiet,  "no counterpart"},
    {"username map",              "",                              lossy, none,  Rule::dropped,       quiet,  "no counterpart"},
    {"interfaces",                "listen",                        near,  near,  Rule::listen,        quiet,  "one line for each interface, address family and port"},
    {"bind interfaces only",      "listen",                        near,  near,  Rule::listen,        quiet,  "no becomes ANY"},
    {"smb ports",                 "listen",                        near,  near,  Rule::listen,        quiet,  "one line for each interface, address family and port"},
    {"disable netbios",           "listen",                        near,  near,  Rule::listen,        quiet,  "the name service is another program's"},
    {"wins support",              "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"wins server",               "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"server min protocol",       "dialects",                      exact, exact, Rule::dialects,      seen,   "every dialect of the range is listed"},
    {"server max protocol",       "dialects, dialect_max",         exact, exact, Rule::dialects,      seen,   "every dialect of the range is listed"},
    {"server signing",            "require_message_signing",       near,  near,  Rule::signing,       both,   "an unsigned request is dropped without an answer where Samba answers ACCESS_DENIED; auto, default and disabled are one"},
    {"server smb encrypt",        "encrypt_data, reject_unencrypted_access", near, near, Rule::encryption, both, "rejection has no share scope in Fusion; off cannot be said"},
    {"read only",                 "permissions",                   near,  near,  Rule::permissions,   both,   "everyone:read or everyone:full"},
    {"valid users",               "permissions",                   near,  near,  Rule::permissions,   both,   "an entry for each name and none for everyone"},
    {"invalid users",             "permissions",                   near,  near,  Rule::permissions,   both,   "name:no; its precedence is not documented"},
    {"read list",                 "permissions",                   near,  near,  Rule::permissions,   both,   "name:read"},
    {"write list",                "permissions",                   near,  near,  Rule::permissions,   seen,   "name:full"},
    {"guest ok",                  "permissions",                   near,  near,  Rule::permissions,   both,   "entries for guest and anonymous"},
    {"guest only",                "",                              none,  none,  Rule::dropped,       both,   "users would act as themselves and not as the guest"},
    {"admin users",               "",                              none,  none,  Rule::dropped,       seen,   "nobody acts as root"},
    {"force user",                "",                              none,  none,  Rule::dropped,       widens, "users would act as themselves"},
    {"force group",               "",                              none,  none,  Rule::dropped,       widens, "users would act with their own group"},
    {"map to guest",              "allow_guest",                   near,  near,  Rule::guests,        seen,   "the modes fold into one"},
    {"guest account",             "",                              lossy, none,  Rule::dropped,       quiet,  "which account guests run as is not known of Fusion"},
    {"restrict anonymous",        "null_session_access",           near,  near,  Rule::guests,        quiet,  "levels 0, 1 and 2 fold into two"},
    {"browseable",                "hidden",                        exact, exact, Rule::negated,       seen,   "the opposite"},
    {"available",                 "netname",                       near,  exact, Rule::share,         seen,   "a share that is not available is left out"},
    {"-valid",                    "netname",                       near,  exact, Rule::share,         quiet,  "a share that is not there is left out"},
    {"access based share enum",   "access_based_share_enumeration", near, near,  Rule::names,         seen,   "for the whole server only"},
    {"hide unreadable",           "access_based_enumeration",      near,  near,  Rule::boolean,       quiet,  ""},
    {"hosts allow",               "",                              none,  none,  Rule::dropped,       both,   "Fusion knows no lists of hosts: put it into the firewall"},
    {"hosts deny",                "",                              none,  none,  Rule::dropped,       both,   "Fusion knows no lists of hosts: put it into the firewall"},
    {"max connections",           "",                              lossy, none,  Rule::dropped,       quiet,  "sessions_max would be for the whole server"},
    {"max smbd processes",        "connections_max",               near,  near,  Rule::number,        quiet,  "one process is one connection; 0 is no limit on both sides"},
    {"max open files",            "open_files_max",                near,  near,  Rule::number,        quiet,  "for the whole server instead of each client"},
    {"deadtime",                  "",                              none,  none,  Rule::dropped,       quiet,  "mostly harmless"},
    {"keepalive",                 "",                              none,  none,  Rule::dropped,       quiet,  "mostly harmless"},
    {"socket options",            "",                              none,  none,  Rule::dropped,       quiet,  "mostly harmless"},
    {"veto files",                "files_deny",                    exact, exact, Rule::names,         both,   "names that hold | or % cannot be written"},
    {"",                          "files_allow",                   none,  none,  Rule::dropped,       widens, "more files would be seen"},
    {"hide files",                "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"delete veto files",         "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"veto oplock files",         "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"hide dot files",            "map_attributes",                near,  near,  Rule::attributes,    seen,   "must be written: dot files show by default in Fusion"},
    {"store dos attributes",      "map_attributes",                near,  near,  Rule::attributes,    quiet,  "xattr:v5; the same attribute on disk"},
    {"map archive",               "map_attributes",                near,  near,  Rule::attributes,    quiet,  "only where attributes are not stored; files only"},
    {"map system",                "map_attributes",                near,  near,  Rule::attributes,    quiet,  "only where attributes are not stored; files only"},
    {"map hidden",                "map_attributes",                near,  near,  Rule::attributes,    quiet,  "only where attributes are not stored; files only"},
    {"nt acl support",            "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"inherit *",                 "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"dos filemode",              "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"case sensitive",            "case_insensitive",              near,  near,  Rule::names,         seen,   "must be written: Fusion minds the case by default"},
    {"preserve case",             "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"short preserve case",       "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"default case",              "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"mangled names",             "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"create mask",               "",                              none,  none,  Rule::dropped,       widens, "new files could get more mode bits"},
    {"directory mask",            "",                              none,  none,  Rule::dropped,       widens, "new directories could get more mode bits"},
    {"force create mode",         "force_create_mode",             near,  near,  Rule::octal,         quiet,  "the form of its value is not established"},
    {"force directory mode",      "force_directory_mode",          near,  near,  Rule::octal,         quiet,  "the form of its value is not established"},
    {"oplocks",                   "enable_oplock, force_level2oplock", near, near, Rule::oplocks,     quiet,  "none at all can be said for the whole server only"},
    {"level2 oplocks",            "force_level2oplock",            near,  near,  Rule::oplocks,       quiet,  ""},
    {"kernel oplocks",            "",                              none,  none,  Rule::dropped,       quiet,  "matters where local programs or NFS use the files"},
    {"kernel share modes",        "",                              none,  none,  Rule::dropped,       quiet,  "matters where local programs or NFS use the files"},
    {"posix locking",             "",                              none,  none,  Rule::dropped,       quiet,  "matters where local programs or NFS use the files"},
    {"strict locking",            "",                              none,  none,  Rule::dropped,       quiet,  "matters where local programs or NFS use the files"},
    {"durable handles",           "",                              lossy, none,  Rule::dropped,       quiet,  "only their timeouts can be set"},
    {"",                          "durable_*",                     none,  lossy, Rule::dropped,       quiet,  "Samba knows no such time"},
    {"smb2 max read",             "smb2_read_max",                 exact, exact, Rule::number,        quiet,  "65536 to 8388608"},
    {"smb2 max write",            "smb2_write_max",                exact, exact, Rule::number,        quiet,  "65536 to 8388608"},
    {"smb2 max trans",            "smb2_trans_max",                exact, exact, Rule::number,        quiet,  "65536 to 8388608"},
    {"server multi channel support", "multichannel",               exact, exact, Rule::boolean,       quiet,  ""},
    {"host msdfs",                "dfs",                           near,  near,  Rule::boolean,       quiet,  ""},
    {"msdfs root",                "dfs",                           near,  near,  Rule::boolean,       quiet,  "the form of links on disk is not established"},
    {"msdfs proxy",               "",                              lossy, none,  Rule::dropped,       quiet,  ""},
    {"smb1 unix extensions",      "unix_extensions",               near,  near,  Rule::boolean,       quiet,  ""},
    {"vfs objects",               "map_acls, vss, apple_extensions, audit_enable", lossy, near, Rule::acls, quiet, "acl_xattr and shadow_copy2 are near; others lose part or all"},
    {"",                          "map_acls",                      none,  near,  Rule::acls,          widens, "ACLs that Fusion keeps in user.tsmb.$sd must be converted on disk"},
    {"strict allocate",           "vfs_fallocate_min, vfs_fallocate_max", near, near, Rule::names,    quiet,  ""},
    {"sync always",               "vfs",                           near,  near,  Rule::names,         quiet,  "libc:force_sync"},
    {"aio *",                     "",                              none,  none,  Rule::dropped,       quiet,  "performance only"},
    {"use sendfile",              "",                              none,  none,  Rule::dropped,       quiet,  "performance only"},
    {"min receivefile size",      "",                              none,  none,  Rule::dropped,       quiet,  "performance only"},
    {"printable",                 "type",                          lossy, lossy, Rule::share,         quiet,  "printers are left out"},
    {"",                          "printq_spool_path",             none,  lossy, Rule::dropped,       quiet,  "printers are left out"},
    {"print*",                    "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"cups *",                    "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"load printers",             "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"include",                   "",                              near,  none,  Rule::dropped,       quiet,  "was read before the translation"},
    {"copy",                      "",                              near,  none,  Rule::dropped,       quiet,  "was carried out before the translation"},
    {"config file",               "",                              near,  none,  Rule::dropped,       quiet,  "was read before the translation"},
    {"registry shares",           "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"usershare *",               "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"preexec",                   "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"preexec close",             "",                              none,  none,  Rule::dropped,       widens, "preexec may refuse connections"},
    {"postexec",                  "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"root preexec",              "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"root preexec close",        "",                              none,  none,  Rule::dropped,       widens, "root preexec may refuse connections"},
    {"root postexec",             "",                              none,  none,  Rule::dropped,       quiet,  ""},
    {"log level",                 "log_level",                     lossy, lossy, Rule::log,           quiet,  "0 to 10 and the classes fold to 0 to 5"},
    {"log file",                  "log_destination, log_params",   near,  near,  Rule::log,           quiet,  "macros in the name are lost"},
    {"max log size",              "",                              lossy, none,  Rule::dropped,       quiet,  "keep it with logrotate"},
    {"logging",                   "log_destination",               lossy, near,  Rule::log,           quiet,  ""},
    {"state directory",           "runstate_dir",                  near,  near,  Rule::copy,          quiet,  ""},
    {"clustering",                "",                              none,  none,  Rule::dropped,       quiet,  "another model of clusters"},
    {"shadow:*",                  "vss_params",                    near,  near,  Rule::snapshots,     quiet,  "near for snapshots named @GMT-… in one directory"},
    {"",                          "vss",                           none,  near,  Rule::snapshots,     quiet,  "shadow_copy2"},
    {"fruit:*",                   "apple_extensions",              lossy, near,  Rule::dropped,       quiet,  "its tuning is lost"},
    {"full_audit:*",              "audit_params",                  lossy, lossy, Rule::dropped,       quiet,  "lists of operations and syslog targets are lost"},
    {"sharesec",                  "",                              none,  none,  Rule::dropped,       widens, "the share's own access list is not in the configuration: write it as permissions or security_descriptor by hand (sharesec --view)"},
    {"recycle:*",                 "",                              none,  none,  Rule::dropped,       quiet,  "the module is lost"},
    {"acl_xattr:*",               "",                              none,  none,  Rule::dropped,       quiet,  "the module's tuning is lost"},
    {"",                          "security_descriptor",           none,  lossy, Rule::share,         quiet,  "the share is made unavailable until its descriptor is set with sharesec"},
    {"",                          "security",                      none,  near,  Rule::dropped,       quiet,  "not Samba's parameter of that name; its only known value is the default"},
    {"",                          "administrative",                none,  lossy, Rule::dropped,       quiet,  "remote administration is set up by hand"},
    {"",                          "privilegedb",                   none,  lossy, Rule::dropped,       quiet,  "grant with net rpc rights"},
    {"",                          "enable_ipc",                    none,  lossy, Rule::dropped,       quiet,  "IPC$ is always there"},
    {"",                          "server_side_copy",              none,  lossy, Rule::dropped,       quiet,  "server-side copy is always on"},
    {"continuous availability",   "ca",                            exact, near,  Rule::boolean,       quiet,  "Samba 4.17 does not know it"},
    {"",                          "ca_p*",                         none,  lossy, Rule::dropped,       quiet,  "the state directory holds persistent handles"},
    {"",                          "tcp_tickle*",                   none,  lossy, Rule::dropped,       quiet,  "part of CTDB in Samba"},
    {"",                          "audit_*",                       none,  lossy, Rule::dropped,       quiet,  "full_audit has other lists; masking is lost"},
    {"",                          "apple_*",                       none,  lossy, Rule::dropped,       quiet,  "set up vfs objects = fruit by hand"},
    {"",                          "sess_open_files_max",           none,  lossy, Rule::dropped,       quiet,  "no limit for a session in Samba"},
    {"",                          "sessions_max",                  none,  lossy, Rule::dropped,       quiet,  "no limit of sessions in Samba"},
    {"",                          "transport_*",                   none,  lossy, Rule::dropped,       quiet,  "performance only"},
    {"",                          "vfs_*",                         none,  lossy, Rule::dropped,       quiet,  "performance only"},
    {"",                          "watchdog_timeout",              none,  lossy, Rule::dropped,       quiet,  "harmless"},
};
// clang-format on

bool is_pattern(std::string_view name) { return name.ends_with('*') && name != "idmap config * : backend"; }
bool fits(std::string_view pattern, std::string_view name) {
  if (!is_pattern(pattern)) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

std::string_view grade_name(Grade grade) {
  switch (grade) {
    case exact: return "exact";
    case near: return "near";
    case lossy: return "lossy";
    case none: return "none";
  }
  return "";
}

std::string_view rule_name(Rule rule) {
  constexpr std::string_view names[] = {"copy", "yes/no", "the opposite", "number", "mode", "dialects", "signing", "encryption", "permissions", "guests", "accounts",
                                        "listen", "log", "attributes", "ACLs", "oplocks", "snapshots", "names", "share", "dropped"};
  return names[static_cast<std::size_t>(rule)];
}

std::span<const Mapping> mappings() { return table; }

const Mapping* find_mapping(std::string_view samba) {
  static const auto exact_names = [] {
    std::unordered_map<std::string_view, const Mapping*> out;
    for (const auto& row : table) {
      if (!row.samba.empty() && !is_pattern(row.samba)) out.emplace(row.samba, &row);
    }
    return out;
  }();
  if (auto found = exact_names.find(samba); found != exact_names.end()) return found->second;
  for (const auto& row : table) {
    if (is_pattern(row.samba) && fits(row.samba, samba)) return &row;
  }
  return nullptr;
}

const Mapping* find_fusion_mapping(std::string_view key) {
  const Mapping* general = nullptr;
  for (const auto& row : table) {
    if (row.fusion.empty()) continue;
    if (row.fusion == key && row.samba.empty()) return &row;
  }
  for (const auto& row : table) {
    for (auto rest = row.fusion; !rest.empty();) {
      auto comma = rest.find(", ");
      auto one = rest.substr(0, comma);
      if (one == key) return &row;
      if (one.ends_with('*') && fits(one, key) && !general) general = &row;
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
    }
  }
  return general;
}

}  // namespace bossa::migrate
