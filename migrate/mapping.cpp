#include "migrate/mapping.hpp"

namespace bossa::migrate {
namespace {

using enum Grade;

constexpr Mapping table[] = {
    {"path", exact, "path", "% macros in it have no counterpart"},
    {"comment", exact, "remark", "% macros in it have no counterpart"},
    {"netbios name", exact, "server_name", "at most 15 bytes"},
    {"server string", exact, "server_comment", ""},
    {"workgroup", exact, "domain", "at most 15 bytes"},
    {"security", near, "userdb_type", "accounts must be made anew; ads loses winbind and idmap ranges"},
    {"realm", near, "domain", "with userdb_type = ad"},
    {"passdb backend", lossy, "userdb_type, userdb_file", "the account file has another format"},
    {"ldap *", lossy, "ldap_*", "attribute names must be given; the bind password stands in clear in the file"},
    {"idmap *", lossy, "", "ids must be planned by hand"},
    {"winbind *", lossy, "", "no counterpart"},
    {"username map", lossy, "", "no counterpart"},
    {"interfaces", near, "listen", "one line for each interface, address family and port"},
    {"bind interfaces only", near, "listen", "no becomes ANY"},
    {"smb ports", near, "listen", ""},
    {"disable netbios", near, "listen", "lines for port 139 and the name service"},
    {"wins support", none, "", ""},
    {"wins server", none, "", ""},
    {"server min protocol", exact, "dialects", "every dialect of the range is listed"},
    {"server max protocol", exact, "dialects", "every dialect of the range is listed"},
    {"server signing", near, "require_message_signing", "an unsigned request is dropped without an answer"},
    {"server smb encrypt", near, "encrypt_data, reject_unencrypted_access", "off, and required for single shares, cannot be said exactly"},
    {"read only", near, "permissions", "everyone:read or everyone:full"},
    {"valid users", near, "permissions", "an entry for each name and none for everyone"},
    {"invalid users", near, "permissions", "name:no; its precedence is not documented"},
    {"read list", lossy, "permissions", "cannot take write access away where everyone has it"},
    {"write list", lossy, "permissions", "names outside of valid users would be let in"},
    {"admin users", none, "", "the acting user cannot be set"},
    {"force user", none, "", "the acting user cannot be set"},
    {"force group", none, "", "the acting group cannot be set"},
    {"guest ok", lossy, "allow_guest, permissions", ""},
    {"map to guest", lossy, "allow_guest", "its modes fold into one"},
    {"guest only", none, "", ""},
    {"guest account", none, "", ""},
    {"restrict anonymous", lossy, "null_session_access", "levels 0, 1 and 2 fold into two"},
    {"browseable", exact, "hidden", "the opposite"},
    {"access based share enum", lossy, "access_based_share_enumeration", "for the whole server only"},
    {"hide unreadable", near, "access_based_enumeration", ""},
    {"hosts allow", none, "", "a loss of protection: put it into the firewall"},
    {"hosts deny", none, "", "a loss of protection: put it into the firewall"},
    {"max connections", lossy, "sessions_max", "for the whole server only"},
    {"max open files", near, "open_files_max", "for the whole server instead of each client"},
    {"deadtime", none, "", "mostly harmless"},
    {"keepalive", none, "", "mostly harmless"},
    {"socket options", none, "", "mostly harmless"},
    {"veto files", exact, "files_deny", "names that hold | cannot be written"},
    {"hide files", none, "", ""},
    {"delete veto files", none, "", ""},
    {"veto oplock files", none, "", ""},
    {"hide dot files", near, "map_attributes", "must be written: dot files show by default"},
    {"store dos attributes", exact, "map_attributes", "xattr:v5, or v4 for data of older versions"},
    {"map archive", near, "map_attributes", "files only"},
    {"map system", near, "map_attributes", "files only"},
    {"map hidden", near, "map_attributes", "files only"},
    {"nt acl support", none, "", ""},
    {"inherit *", none, "", ""},
    {"dos filemode", none, "", ""},
    {"case sensitive", near, "case_insensitive", "must be written: names are case-sensitive by default"},
    {"preserve case", none, "", ""},
    {"short preserve case", none, "", ""},
    {"default case", none, "", ""},
    {"mangled names", none, "", ""},
    {"create mask", none, "", ""},
    {"directory mask", none, "", ""},
    {"force create mode", near, "force_create_mode", "the format of its value is not established"},
    {"force directory mode", near, "force_directory_mode", "the format of its value is not established"},
    {"oplocks", lossy, "enable_oplock", "for the whole server only"},
    {"level2 oplocks", near, "force_level2oplock", ""},
    {"kernel oplocks", none, "", "matters where local programs or NFS use the files"},
    {"kernel share modes", none, "", "matters where local programs or NFS use the files"},
    {"posix locking", none, "", "matters where local programs or NFS use the files"},
    {"strict locking", none, "", "matters where local programs or NFS use the files"},
    {"durable handles", lossy, "", "only their timeouts can be set"},
    {"smb2 max read", exact, "smb2_read_max", "at most 8388608"},
    {"smb2 max write", exact, "smb2_write_max", "at most 8388608"},
    {"smb2 max trans", exact, "smb2_trans_max", "at most 8388608"},
    {"server multi channel support", exact, "multichannel", ""},
    {"host msdfs", near, "dfs", ""},
    {"msdfs root", near, "dfs", "the format of links on disk is not established"},
    {"msdfs proxy", lossy, "", ""},
    {"smb1 unix extensions", near, "unix_extensions", ""},
    {"vfs objects", lossy, "map_acls, vss, apple_extensions, audit_enable", "acl_xattr is near; others lose part or all"},
    {"strict allocate", near, "vfs_fallocate_min, vfs_fallocate_max", ""},
    {"sync always", near, "vfs = libc:force_sync", ""},
    {"aio *", none, "", "performance only"},
    {"use sendfile", none, "", "performance only"},
    {"printable", lossy, "type = printer, printq_spool_path", ""},
    {"print*", none, "", ""},
    {"cups *", none, "", ""},
    {"load printers", none, "", ""},
    {"include", lossy, "", "read before the translation"},
    {"copy", lossy, "", "carried out before the translation"},
    {"config file", lossy, "", "read before the translation"},
    {"registry shares", none, "", ""},
    {"usershare *", none, "", ""},
    {"preexec", none, "", ""},
    {"postexec", none, "", ""},
    {"root preexec", none, "", ""},
    {"root postexec", none, "", ""},
    {"available", near, "", "a share that is not available is left out"},
    {"log level", lossy, "log_level", "0 to 10 and the classes fold to 0 to 5"},
    {"log file", lossy, "log_destination, log_params", "%m in the name is lost"},
    {"max log size", lossy, "", ""},
    {"logging", lossy, "log_destination", ""},
    {"state directory", near, "runstate_dir", ""},
    {"clustering", none, "ca", "another model of clusters"},
    {"shadow:*", lossy, "vss_params", "near for snapshots named @GMT-… in one directory"},
    {"fruit:*", lossy, "apple_extensions", ""},
    {"full_audit:*", lossy, "audit_params", ""},
    {"recycle:*", none, "", ""},
    {"acl_xattr:*", none, "", ""},
};

bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
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

std::span<const Mapping> mappings() { return table; }

const Mapping* find_mapping(std::string_view parameter) {
  for (const auto& row : table) {
    if (fits(row.parameter, parameter)) return &row;
  }
  return nullptr;
}

}  // namespace bossa::migrate
