#include <algorithm>
#include <cstdlib>
#include <map>

#include "confparse/bind.hpp"
#include "confparse/fusion/value.hpp"
#include "migrate/access.hpp"
#include "migrate/permissions.hpp"
#include "migrate/translation.hpp"
#include "migrate/writer.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/macros.hpp"

namespace bossa::migrate {
namespace {

using confparse::Configuration;
using confparse::id_of;
using confparse::ParameterId;
using confparse::Section;
using enum Grade;
namespace fusion = confparse::fusion;

constexpr std::string_view everywhere = "global";

std::string truth(bool value) { return value ? "true" : "false"; }
bool has_macro(std::string_view text) {
  policy::MacroContext nothing;
  return policy::expand(text, nothing) != text;
}
// One line of text that a Fusion file can hold.
bool is_plain(std::string_view text) { return text.find_first_of("\n\r") == std::string_view::npos && is_utf8(text); }

class ToFusion {
 public:
  ToFusion(const Configuration& from, const TranslationOptions& options)
      : from_(from), options_(options), settings_(confparse::to_settings(from)) {}

  Translation run() {
    for (const auto& share : settings_.shares) index_.emplace(share.name, &share);
    for (const auto& section : from_.sections) plan(section);
    out_.line("# Made from " + options_.source_name + " by bossa-migrate " BOSSA_VERSION ".");
    out_.line("[global]");
    write_global();
    out_.line("[/global]");
    std::size_t done = 0;
    for (const auto& one : shares_) {
      write_share(*one.section, *one.settings, one.path);
      if (options_.progress && ++done % 256 == 0) options_.progress(done, shares_.size());
    }
    Translation result;
    result.text = out_.take();
    result.items = items();
    accept(result.items, options_.accepted);
    check(result);
    return result;
  }

 private:
  struct Planned {
    const Section* section;
    const policy::ShareSettings* settings;
    std::string path;
  };

  // ---- which shares there will be ----

  void plan(const Section& section) {
    if (!section.valid) return leave_out(section, near, "'-valid = no': the share does not exist", "-valid");
    auto found = index_.find(section.name);
    if (found == index_.end()) return;
    const auto* settings = found->second;
    if (confparse::is_homes(section.name)) return leave_out(section, lossy, "[homes] has no counterpart: write a share for each user", "");
    if (confparse::is_printers(section.name) || settings->printable) return leave_out(section, lossy, "printers are left out", "printable");
    if (!settings->available) return leave_out(section, near, "a share that is not available is left out", "available");
    std::string path = settings->path;
    for (std::size_t at; (at = path.find("%S")) != std::string::npos;) path.replace(at, 2, section.name);
    if (has_macro(path) || !is_plain(path) || !path.starts_with('/')) return leave_out(section, lossy, "its path cannot be written without macros: write a share for each value", "path");
    auto problem = fusion::check_value(fusion::parameter("netname"), section.name);
    if (problem || equal_ignoring_case(section.name, "IPC$")) return leave_out(section, lossy, "its name cannot be written" + (problem ? ": " + problem->message : ""), "");
    shares_.push_back({&section, settings, path});
  }
  void leave_out(const Section& section, Grade grade, const std::string& reason, std::string_view parameter) {
    auto& outcome = at(section.name, parameter);
    outcome.worsen(grade, reason);
    left_out_.emplace(section.name, std::pair{grade, reason});
  }

  // ---- what became of what ----

  Outcome& at(std::string_view section, std::string_view parameter) { return outcomes_.at(section, parameter); }
  void global(std::string_view key, std::string_view value, std::initializer_list<std::string_view> parameters, Grade grade = exact, std::string_view why = {}) {
    auto line = out_.set(key, value);
    for (auto parameter : parameters) {
      auto& outcome = at(everywhere, parameter);
      outcome.worsen(grade, why);
      outcome.wrote(line, key, value);
    }
  }
  std::string text(std::string_view name) const { return from_.value(id_of(name)).text; }
  bool is_set(std::string_view name) const { return from_.setting(id_of(name)) != nullptr; }

  // ---- [global] ----

  void write_global() {
    identity();
    dialects();
    protection();
    guests();
    listen();
    limits();
    log();
    bool any_hidden = false, all_hidden = true;
    for (const auto& one : shares_) (one.settings->access_based_enumeration ? any_hidden : all_hidden) = one.settings->access_based_enumeration;
    bool mixed = any_hidden && !all_hidden;
    global("access_based_share_enumeration", truth(any_hidden), {"access based share enum"}, mixed ? lossy : near,
           mixed ? "for the whole server only: every share is listed to those alone who may use it" : "");
    no_oplocks_ = !shares_.empty() && std::ranges::all_of(shares_, [](const Planned& one) { return !one.settings->oplocks && !one.settings->level2_oplocks; });
    global("enable_oplock", truth(!no_oplocks_), {});
    bool apple = std::ranges::any_of(shares_, [](const Planned& one) { return std::ranges::find(one.settings->vfs_objects, "fruit") != one.settings->vfs_objects.end(); });
    bool audit = std::ranges::any_of(shares_, [](const Planned& one) { return std::ranges::find(one.settings->vfs_objects, "full_audit") != one.settings->vfs_objects.end(); });
    global("apple_extensions", truth(apple), {});
    if (audit) global("audit_enable", "true", {});
  }

  void identity() {
    auto name = text("netbios name"), workgroup = text("workgroup"), role = text("security");
    bool ads = role == "ADS";
    if (name.size() <= 15 && is_plain(name) && !has_macro(name)) global("server_name", name, {"netbios name"});
    else at(everywhere, "netbios name").worsen(lossy, "more than 15 bytes, or macros");
    auto realm = text("realm");
    if (ads && !realm.empty()) {
      global("domain", to_lower(realm), {"realm", "workgroup"}, near, "with userdb_type = ad");
      at(everywhere, "workgroup").worsen(lossy, "the NetBIOS name of the domain is lost");
    } else {
      if (is_set("realm")) at(everywhere, "realm").worsen(lossy, "only where security = ads");
      if (workgroup.size() <= 15 && is_plain(workgroup) && !has_macro(workgroup)) global("domain", workgroup, {"workgroup"});
      else at(everywhere, "workgroup").worsen(lossy, "more than 15 bytes, or macros");
    }
    if (is_set("server string")) {
      auto comment = text("server string");
      if (is_plain(comment) && !has_macro(comment)) global("server_comment", comment, {"server string"});
      else at(everywhere, "server string").worsen(lossy, "macros have no counterpart");
    }
    auto server = text("server role");
    bool alone = server == "auto" || server == "standalone server";
    at(everywhere, "server role").worsen(alone ? near : lossy, alone ? "accounts are the server's own" : "Fusion is a standalone server or a member of a domain (security = ads)");
    auto backend = text("passdb backend");
    if (ads) {
      global("userdb_type", "ad", {"security"}, lossy, "Kerberos only; winbind's id ranges are lost");
    } else if (backend.starts_with("ldapsam")) {
      global("userdb_type", "ldap", {"passdb backend"}, lossy, "Samba's attribute names are set; the password to bind with (ldap_bind_pw) must be added");
      if (auto colon = backend.find(':'); colon != std::string::npos) global("ldap_uri", fusion::split(backend.substr(colon + 1), ' ').front().text, {"passdb backend"});
      global("ldap_nthash_attr", "sambaNTPassword", {});
      global("ldap_username_attr", "uid", {});
      if (is_set("ldap suffix")) global("ldap_base_dn", text("ldap suffix"), {"ldap suffix"}, near);
      if (is_set("ldap admin dn")) global("ldap_bind_dn", text("ldap admin dn"), {"ldap admin dn"}, lossy, "its password (ldap_bind_pw) must be added in clear");
      if (is_set("ldap timeout")) limit("ldap timeout", "ldap_timeout", 0, 86400);
    } else {
      global("userdb_type", "text", {"security"}, role == "DOMAIN" ? lossy : near, role == "DOMAIN" ? "membership in an NT4 domain is lost" : "accounts must be made anew");
      global("userdb_file", "/var/lib/tsmb/users_db.txt", {"passdb backend", "smb passwd file"}, lossy,
             "the form of Fusion's account file is not published: make the accounts anew (bossa-migrate users)");
    }
    auto state = text("state directory");
    bool plain = is_set("state directory") && is_plain(state) && !has_macro(state) && state.starts_with('/');
    if (is_set("state directory") && !plain) at(everywhere, "state directory").worsen(lossy, "not an absolute path without macros");
    global("runstate_dir", plain ? state : "/var/lib/tsmb", plain ? std::initializer_list<std::string_view>{"state directory"} : std::initializer_list<std::string_view>{}, near);
  }

  void dialects() {
    std::string list;
    auto min = text("server min protocol"), max = text("server max protocol");
    bool smb1 = min != "default" && !min.starts_with("SMB");
    bool only_smb1 = !max.starts_with("SMB");
    if (smb1 || only_smb1) list = "SMB1";
    for (auto dialect : {policy::Dialect::smb2_02, policy::Dialect::smb2_10, policy::Dialect::smb3_00, policy::Dialect::smb3_02, policy::Dialect::smb3_11}) {
      if (dialect >= settings_.min_dialect && dialect <= settings_.max_dialect) list += (list.empty() ? "" : " ") + std::string(fusion::name_of(dialect));
    }
    auto fold = [&](const std::string& word) { return smb1 || only_smb1 ? word != "NT1" && !word.starts_with("SMB") && word != "default" : false; };
    global("dialects", list, {"server min protocol", "server max protocol"});
    if (fold(min)) at(everywhere, "server min protocol").worsen(near, "every dialect before SMB2 is SMB1");
    if (fold(max)) at(everywhere, "server max protocol").worsen(near, "every dialect before SMB2 is SMB1");
    // Bossa and Samba leave out dialects whose algorithms are switched off; that is another parameter's loss.
  }

  void protection() {
    using policy::Encryption;
    bool required = settings_.signing == policy::Signing::required;
    global("require_message_signing", truth(required), {"server signing"}, required || is_set("server signing") ? near : exact,
           required ? "an unsigned request is dropped without an answer where Samba answers ACCESS_DENIED" : "");
    auto word = settings_.encryption;
    bool on = word == Encryption::desired || word == Encryption::required;
    share_demands_ = std::ranges::any_of(shares_, [](const Planned& one) { return one.settings->encryption == Encryption::required; });
    bool reject = word == Encryption::required || share_demands_;
    auto& outcome = at(everywhere, "server smb encrypt");
    outcome.worsen(word == Encryption::required || word == Encryption::if_required || word == Encryption::default_ ? exact : word == Encryption::off ? lossy : near,
                   word == Encryption::off       ? "clients that encrypt are answered so: leaving out the SMB3 dialects is the only way to forbid it"
                   : word == Encryption::desired ? "clients that can are encrypted, others served in clear"
                                                 : "");
    outcome.wrote(out_.set("encrypt_data", truth(on)), "encrypt_data", truth(on));
    outcome.wrote(out_.set("reject_unencrypted_access", truth(reject)), "reject_unencrypted_access", truth(reject));
    reject_line_ = out_.lines();
  }

  void guests() {
    using policy::MapToGuest;
    auto mode = settings_.map_to_guest;
    bool allow = mode != MapToGuest::never;
    bool folds = mode == MapToGuest::bad_password || mode == MapToGuest::bad_uid;
    global("allow_guest", truth(allow), {"map to guest"}, folds ? lossy : near, folds ? "the modes fold into one: an unknown user becomes a guest" : "");
    bool any = settings_.restrict_anonymous < 2 && std::ranges::any_of(shares_, [](const Planned& one) { return one.settings->guest_ok || one.settings->guest_only; });
    global("null_session_access", truth(any), {"restrict anonymous"}, settings_.restrict_anonymous == 1 ? lossy : near,
           settings_.restrict_anonymous == 1 ? "level 1 keeps null sessions from listing users, which cannot be said" : "");
  }

  void listen() {
    auto ports = settings_.ports;
    std::vector<std::pair<std::string, std::string>> where;  // interface, address
    auto& outcome = at(everywhere, "interfaces");
    bool bind = settings_.bind_interfaces_only && !settings_.interfaces.empty();
    if (!bind && !settings_.interfaces.empty()) outcome.worsen(lossy, "without 'bind interfaces only' the server listens everywhere: written as ANY");
    for (auto entry : bind ? settings_.interfaces : std::vector<std::string>{}) {
      std::erase(entry, '"');
      if (auto semicolon = entry.find(';'); semicolon != std::string::npos) {
        outcome.worsen(lossy, "speed and capability are lost");
        entry.resize(semicolon);
      }
      auto slash = entry.find('/');
      auto address = entry.substr(0, slash);
      bool numeric = address.find_first_not_of("0123456789.") == std::string::npos || address.find(':') != std::string::npos;
      if (!numeric) {
        if (entry.find_first_of("*?") != std::string::npos || !is_plain(entry) || entry.find_first_of(", \t") != std::string::npos || has_macro(entry)) {
          outcome.worsen(lossy, "'" + entry + "' is a pattern: name each interface");
        } else {
          where.emplace_back(entry, "");
        }
      } else if (slash != std::string::npos && (address.ends_with(".0") || address.ends_with("::"))) {
        outcome.worsen(lossy, "'" + entry + "' is a network: name the server's address in it");
      } else {
        if (slash != std::string::npos) outcome.worsen(near, "the mask is not needed");
        where.emplace_back("ANY", address);
      }
    }
    if (bind && where.empty()) {
      outcome.worsen(lossy, "no entry can be written: only the loopback address is listened on; add listen lines");
      where.emplace_back("ANY", "127.0.0.1");
    }
    if (where.empty()) where.emplace_back("ANY", "");
    for (auto port : ports) {
      auto protocol = port == 139 ? ",NBSS" : ",DIRECT_TCP";
      for (const auto& [interface, address] : where) {
        for (auto [any, family] : {std::pair{"0.0.0.0", "IPv4"}, std::pair{"::", "IPv6"}}) {
          bool v6 = address.find(':') != std::string::npos;
          if (!address.empty() && v6 != (std::string_view(family) == "IPv6")) continue;
          auto value = interface + "," + (address.empty() ? any : address) + "," + family + "," + std::to_string(port) + protocol;
          if (auto problem = fusion::check_value(fusion::parameter("listen"), value)) {
            outcome.worsen(lossy, problem->message);
            continue;
          }
          auto line = out_.set("listen", value);
          for (auto name : {"interfaces", "bind interfaces only", "smb ports"}) {
            at(everywhere, name).worsen(near, "");
            at(everywhere, name).wrote(line, "listen", value);
          }
        }
      }
    }
    at(everywhere, "disable netbios").worsen(near, "the name service is another program's");
  }

  void limits() {
    global("multichannel", truth(settings_.multichannel), {"server multi channel support"});
    limit("smb2 max read", "smb2_read_max", 65536, 8388608);
    limit("smb2 max write", "smb2_write_max", 65536, 8388608);
    limit("smb2 max trans", "smb2_trans_max", 65536, 8388608);
    limit("max open files", "open_files_max", 1024, 4294967295);
    global("connections_max", std::to_string(settings_.max_smbd_processes), {"max smbd processes"}, near);
    global("sess_open_files_max", "0", {});
    if (is_set("host msdfs")) global("dfs", truth(from_.yes("host msdfs")), {"host msdfs"}, near);
    if (is_set("smb1 unix extensions")) global("unix_extensions", truth(from_.yes("smb1 unix extensions")), {"smb1 unix extensions"}, near);
  }
  void limit(std::string_view samba, std::string_view key, long long least, long long most) {
    auto value = std::atoll(text(samba).c_str());
    bool fits = value >= least && value <= most;
    auto grade = find_mapping(samba)->to_fusion;
    global(key, std::to_string(std::clamp(value, least, most)), {samba}, fits ? grade : lossy, fits ? "" : "outside of Fusion's limits: the nearest is written");
  }

  void log() {
    if (is_set("log level")) {
      auto level = settings_.log_level;
      global("log_level", level == 0 ? "2" : level == 1 ? "3" : "4", {"log level"}, lossy, "0 to 10 and the classes fold to 0 to 5");
    }
    auto file = text("log file");
    bool syslog = text("logging").find("syslog") != std::string::npos || text("logging").find("systemd") != std::string::npos;
    if (is_set("logging")) at(everywhere, "logging").worsen(lossy, "");
    if (!file.empty() && is_plain(file) && file.find(',') == std::string::npos && !syslog && file.starts_with('/')) {
      auto plain = file;
      bool macros = has_macro(file);
      if (macros) plain = file.substr(0, file.find('%')) + "smbd";
      global("log_destination", "file", {"log file", "logging"}, macros ? lossy : near, macros ? "macros in the name are lost" : "");
      global("log_params", "path=" + plain, {"log file"});
    } else {
      if (is_set("log file")) at(everywhere, "log file").worsen(lossy, "not an absolute path, or the log goes to syslog");
      if (syslog) global("log_destination", "syslog", {"logging"});
    }
  }

  // ---- a share ----

  void write_share(const Section& section, const policy::ShareSettings& share, const std::string& path) {
    const auto& name = section.name;
    auto put = [&](std::string_view key, std::string_view value, std::initializer_list<std::string_view> parameters, Grade grade = exact, std::string_view why = {}) {
      auto line = out_.set(key, value);
      for (auto parameter : parameters) {
        auto& outcome = at(name, parameter);
        outcome.worsen(grade, why);
        outcome.wrote(line, key, value);
      }
    };
    out_.line("");
    out_.line("[share]");
    put("netname", name, {});
    put("path", path, {"path"}, share.path == path ? exact : near, share.path == path ? "" : "%S is written out");
    if (!share.comment.empty()) {
      bool plain = is_plain(share.comment) && !has_macro(share.comment);
      if (plain) put("remark", share.comment, {"comment"});
      else at(name, "comment").worsen(lossy, "macros have no counterpart");
    }
    permissions(name, share);
    put("hidden", truth(!share.browseable), {"browseable"});
    if (share.hide_unreadable || from_.setting(id_of("hide unreadable"), &section)) put("access_based_enumeration", truth(share.hide_unreadable), {"hide unreadable"}, near);
    veto(name, share);
    bool sensitive = share.case_sensitive == policy::CaseSensitive::yes;
    put("case_insensitive", truth(!sensitive), {"case sensitive"}, sensitive ? exact : near);
    attributes(name, share);
    storage(section, share);
    encryption(name, share);
    modes(name, share);
    if (no_oplocks_) {
      for (auto parameter : {"oplocks", "level2 oplocks"}) at(name, parameter).worsen(near, "for the whole server: enable_oplock = false");
    } else if (!share.oplocks) {
      bool first = share.level2_oplocks;
      put("force_level2oplock", "true", {"oplocks", "level2 oplocks"}, first ? near : lossy, first ? "" : "read oplocks can be forbidden for the whole server only");
    }
    if (share.strict_allocate) {
      put("vfs_fallocate_min", "1", {"strict allocate"}, near);
      put("vfs_fallocate_max", "18446744073709551615", {"strict allocate"}, near);
    }
    if (share.sync_always) put("vfs", "libc:force_sync", {"sync always"}, near);
    if (share.continuous_availability) put("ca", "true", {"continuous availability"});
    if (from_.yes("msdfs root", &section)) put("dfs", "true", {"msdfs root"}, near);
    out_.line("[/share]");
  }

  void permissions(const std::string& name, const policy::ShareSettings& share) {
    auto result = permissions_from_lists(settings_, share);
    std::string list;
    for (const auto& entry : result.entries) list += (list.empty() ? "" : ", ") + fusion::text_of(entry);
    // An empty list is not known to be one; that nobody may enter can be said by a name that is always there.
    if (list.empty()) list = "everyone:no";
    auto line = out_.set("permissions", list);
    for (auto parameter : {"read only", "valid users", "invalid users", "read list", "write list", "guest ok"}) {
      auto& outcome = at(name, parameter);
      outcome.worsen(near, "");
      outcome.wrote(line, "permissions", list);
    }
    for (const auto& loss : result.losses) at(name, loss.parameter).worsen(lossy, loss.reason, loss.widens);
  }

  void veto(const std::string& name, const policy::ShareSettings& share) {
    std::string list;
    auto& outcome = at(name, "veto files");
    for (auto rest = std::string_view(share.veto_files); !rest.empty();) {
      auto slash = rest.find('/');
      auto one = rest.substr(0, slash);
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
      if (one.empty()) continue;
      bool trimmed = one.front() == ' ' || one.back() == ' ' || one.front() == '\t' || one.back() == '\t';
      if (one.find('|') != std::string_view::npos || trimmed || !is_plain(one) || has_macro(one)) outcome.worsen(lossy, "'" + std::string(one) + "' cannot be written", true);
      else list += (list.empty() ? "" : "|") + std::string(one);
    }
    if (!list.empty()) outcome.wrote(out_.set("files_deny", list), "files_deny", list);
  }

  void attributes(const std::string& name, const policy::ShareSettings& share) {
    std::string methods;
    if (share.store_dos_attributes) {
      methods = "xattr:v5";
    } else {
      if (share.map_archive) methods += 'A';
      if (share.map_system) methods += 'S';
      if (share.map_hidden) methods += 'H';
      methods = methods.empty() ? "native" : "posix-exec:" + methods;
    }
    if (share.hide_dot_files) methods += ",filename:H:.*";
    auto line = out_.set("map_attributes", methods);
    for (auto parameter : {"store dos attributes", "map archive", "map system", "map hidden", "hide dot files"}) {
      auto& outcome = at(name, parameter);
      bool stored = share.store_dos_attributes && std::string_view(parameter).starts_with("map ");
      outcome.worsen(near, stored ? "of no matter while attributes are stored" : "");
      outcome.wrote(line, "map_attributes", methods);
    }
    if (methods.starts_with("native")) at(name, "store dos attributes").worsen(lossy, "that no attribute is kept cannot be said");
  }

  void storage(const Section& section, const policy::ShareSettings& share) {
    const auto& name = section.name;
    auto& outcome = at(name, "vfs objects");
    bool acls = false;
    for (const auto& module : share.vfs_objects) {
      if (module == "acl_xattr") {
        acls = true;
        outcome.worsen(near, "the stored ACLs are read; no copy in the POSIX ACL");
      } else if (module == "shadow_copy2") {
        auto option = [&](std::string_view key) -> std::string {
          for (const auto* list : {&section.options, &from_.options}) {
            for (const auto& one : *list) {
              if (one.key == confparse::folded_name(key)) return one.value;
            }
          }
          return {};
        };
        auto format = option("shadow:format"), folder = option("shadow:snapdir");
        bool plain = (format.empty() || format == "@GMT-%Y.%m.%d-%H.%M.%S") && folder.starts_with('/') && folder.find(',') == std::string::npos && is_plain(folder);
        if (plain) {
          outcome.wrote(out_.set("vss", "true"), "vss", "true");
          outcome.wrote(out_.set("vss_params", "path=" + folder + ",share_root=/"), "vss_params", "path=" + folder);
          outcome.worsen(near, "snapshots named @GMT-… in one directory");
          outcome.worsen(lossy, option("shadow:basedir").empty() ? "" : "check share_root against shadow:basedir");
        } else {
          outcome.worsen(lossy, "only snapshots named @GMT-… in one absolute directory can be said");
        }
        for (auto key : {"shadow:format", "shadow:snapdir"}) at(name, key).worsen(plain ? near : lossy, "");
      } else if (module == "fruit" || module == "streams_xattr") {
        outcome.worsen(lossy, "apple_extensions = true; the tuning of fruit is lost");
      } else if (module == "full_audit") {
        outcome.worsen(lossy, "audit_enable = true; lists of operations are lost, add audit_params");
      } else {
        outcome.worsen(lossy, "the module " + module + " is lost", module == "worm" || module == "virusfilter" || module == "acl_tdb");
      }
    }
    auto where = acls ? "xattr:v4" : "posix-acl";
    outcome.wrote(out_.set("map_acls", where), "map_acls", where);
    outcome.worsen(near, "");
  }

  void encryption(const std::string& name, const policy::ShareSettings& share) {
    using policy::Encryption;
    bool global_on = settings_.encryption == Encryption::desired || settings_.encryption == Encryption::required;
    auto& outcome = at(name, "server smb encrypt");
    if (share.encryption == Encryption::required && settings_.encryption != Encryption::required) {
      outcome.worsen(lossy, "reject_unencrypted_access has no share scope: by the text of 3024.10 every share now refuses clear requests");
      outcome.wrote(reject_line_, "reject_unencrypted_access", "true");
    } else if (share.encryption == Encryption::desired && !global_on) {
      outcome.worsen(near, "clients that can are encrypted, others served in clear");
    } else if (global_on && share.encryption != settings_.encryption) {
      outcome.worsen(near, "the global demand holds for the share as well, as in Samba");
    } else if (share.encryption == Encryption::off || settings_.encryption == Encryption::off) {
      outcome.worsen(share.encryption == Encryption::off && settings_.encryption != Encryption::off ? near : lossy, "clients that encrypt are answered so");
    }
    bool on = share.encryption == Encryption::desired || share.encryption == Encryption::required;
    if (on && !global_on) outcome.wrote(out_.set("encrypt_data", "true"), "encrypt_data", "true");
  }

  void modes(const std::string& name, const policy::ShareSettings& share) {
    auto octal = [](std::uint32_t mode) {
      std::string out = "0000";
      for (int i = 3; i >= 0; --i, mode >>= 3) out[static_cast<std::size_t>(i)] = static_cast<char>('0' + (mode & 7));
      return out;
    };
    auto forced = [&](std::string_view parameter, std::string_view key, std::uint32_t mode) {
      auto& outcome = at(name, parameter);
      outcome.worsen(near, mode ? "the form of the value is not established" : "");
      if (mode) outcome.wrote(out_.set(key, octal(mode & 07777)), key, octal(mode & 07777));
    };
    forced("force create mode", "force_create_mode", share.force_create_mode);
    forced("force directory mode", "force_directory_mode", share.force_directory_mode);
    // Without the mask new files may get the bits that it takes away: worth a word only where it takes more than Samba's default.
    auto mask = [&](std::string_view parameter, std::uint32_t set, std::uint32_t usual) {
      if (set == usual) return at(name, parameter).worsen(near, "Samba's default; Fusion's is not established");
      at(name, parameter).worsen(none, "new files and folders could get other mode bits", (usual & ~set & 0777) != 0);
    };
    mask("create mask", share.create_mask, 0744);
    mask("directory mask", share.directory_mask, 0755);
  }

  // ---- the account ----

  std::vector<Item> items() {
    std::vector<Item> out;
    out.reserve(from_.global.size() + from_.sections.size() * 8);
    settings(out, std::string(everywhere), from_.global);
    settings(out, std::string(everywhere), from_.share_defaults);
    options(out, std::string(everywhere), from_.options);
    if (!is_set("security")) unsaid(out, std::string(everywhere), "security", "AUTO");
    for (const auto& section : from_.sections) {
      if (auto left = left_out_.find(section.name); left != left_out_.end()) {
        Item item = base(section.name, "", "", section.place);
        item.grade = left->second.first;
        item.reason = left->second.second;
        item.rule = rule_name(Rule::share);
        item.observable = true;
        out.push_back(std::move(item));
        continue;
      }
      settings(out, section.name, section.own);
      options(out, section.name, section.options);
      if (options_.with_descriptors.contains(to_lower(section.name))) out.push_back(outside(section));
      // What a share takes from [global] and what the language means by silence is told where it was lost or had to be written.
      if (!section.own.contains(id_of("case sensitive")) && !from_.share_defaults.contains(id_of("case sensitive"))) unsaid(out, section.name, "case sensitive", "Auto");
      if (!section.own.contains(id_of("hide dot files")) && !from_.share_defaults.contains(id_of("hide dot files"))) unsaid(out, section.name, "hide dot files", "Yes");
    }
    sort_items(out, [&](const Item& item) { return std::pair(static_cast<std::size_t>(std::ranges::find(from_.files, item.file) - from_.files.begin()), item.line); });
    return out;
  }
  Item base(const std::string& section, std::string_view parameter, std::string_view value, const confparse::Place& place) const {
    Item item;
    item.section = section;
    item.parameter = parameter;
    item.value = value;
    item.file = place.file < from_.files.size() ? from_.files[place.file] : "";
    item.line = place.line;
    return item;
  }
  Item outside(const Section& section) const {
    Item item = base(section.name, "sharesec", "an access list in share_info.tdb", section.place);
    const auto* row = find_mapping("sharesec");
    item.grade = row->to_fusion;
    item.rule = rule_name(row->rule);
    item.reason = row->reason;
    item.widens = row->widens();
    item.observable = row->observable();
    return item;
  }
  void unsaid(std::vector<Item>& out, const std::string& section, std::string_view parameter, std::string_view value) {
    const auto* found = outcomes_.find(section, parameter);
    if (!found) return;
    Item item = base(section, parameter, std::string(value) + " (not said)", {});
    item.file = options_.source_name;
    if (!from_.files.empty()) item.file = from_.files.front();
    fill(item, *found, find_mapping(parameter));
    out.push_back(std::move(item));
  }
  static void fill(Item& item, const Outcome& outcome, const Mapping* row) {
    item.grade = outcome.grade;
    item.widens = outcome.widens && is_loss(outcome.grade);
    item.target = outcome.target;
    item.target_line = outcome.line;
    item.reason = outcome.reason;
    if (item.reason.empty() && row && item.grade != exact) item.reason = row->reason;
    item.rule = row ? rule_name(row->rule) : "";
    item.observable = row && row->observable();
  }
  void settings(std::vector<Item>& out, const std::string& section, const confparse::SettingMap& map) {
    for (const auto& [id, setting] : map) {
      const auto& row = confparse::parameter(id);
      Item item = base(section, row.name, setting.value.text, setting.place);
      judge(item, id, section);
      if (setting.place.line == 0) {  // set by no line: a role that implies it
        if (item.grade == exact) continue;
        item.value += " (implied)";
        item.file = from_.files.empty() ? options_.source_name : from_.files.front();
      }
      out.push_back(std::move(item));
    }
  }
  void judge(Item& item, ParameterId id, const std::string& section) {
    const auto& parameter = confparse::parameter(id);
    const auto* mapping = find_mapping(parameter.name);
    bool share_default = section == everywhere && parameter.scope == confparse::Scope::share;
    if (const auto* found = outcomes_.find(section, parameter.name)) {
      fill(item, *found, mapping);
      if (!share_default) return;
    }
    if (share_default) {
      Outcome worst = item.rule.empty() ? Outcome{} : Outcome{item.grade, item.widens, item.target, item.reason, item.target_line};
      bool any = !item.rule.empty();
      for (const auto& one : shares_) {
        if (one.section->own.contains(id)) continue;
        const auto* found = outcomes_.find(one.section->name, parameter.name);
        if (!found) continue;
        any = true;
        worst.worsen(found->grade, found->reason, found->widens);
        if (worst.target.empty()) worst.target = found->target, worst.line = found->line;
      }
      if (any) return fill(item, worst, mapping);
      bool of_use = std::ranges::any_of(shares_, [&](const Planned& one) { return !one.section->own.contains(id); });
      if (!of_use && parameter.name != "hosts allow" && parameter.name != "hosts deny") {
        item.grade = near;
        item.reason = "no share takes it from here";
        item.rule = mapping ? rule_name(mapping->rule) : "";
        return;
      }
    }
    bool default_value = item.value == confparse::default_value(parameter, from_.host_name).text;
    item.rule = mapping ? rule_name(mapping->rule) : rule_name(Rule::dropped);
    item.observable = mapping && mapping->observable();
    if (default_value) {
      item.grade = near;
      item.reason = "Samba's default; nothing to carry over";
      return;
    }
    item.grade = mapping ? mapping->to_fusion : none;
    item.reason = mapping ? std::string(mapping->reason) : "no counterpart is known";
    if (!mapping || mapping->rule == Rule::dropped || !is_loss(item.grade)) {
      if (item.grade < lossy && !(mapping && mapping->fusion.empty() && mapping->to_fusion == near)) item.grade = lossy;
    }
    item.widens = mapping && mapping->widens() && is_loss(item.grade);
  }
  void options(std::vector<Item>& out, const std::string& section, const std::vector<confparse::Option>& list) {
    for (const auto& option : list) {
      if (option.place.line == 0) continue;
      Item item = base(section, option.name, option.value, option.place);
      const auto* mapping = find_mapping(option.name);
      item.rule = rule_name(mapping ? mapping->rule : Rule::dropped);
      item.grade = mapping ? mapping->to_fusion : none;
      item.reason = mapping ? std::string(mapping->reason) : "no counterpart is known";
      if (const auto* found = outcomes_.find(section, option.name)) fill(item, *found, mapping);
      out.push_back(std::move(item));
    }
  }

  // ---- nothing wider in silence ----

  void check(Translation& result) const {
    auto target = fusion::read_text(options_.target_name, result.text);
    if (target.fatal) {
      for (const auto& diagnostic : target.diagnostics) {
        if (diagnostic.severity == confparse::Severity::fatal) result.unexplained.push_back("the result is not valid: " + diagnostic.text());
      }
      return;
    }
    auto after = fusion::to_settings(target, options_.reading, from_.host_name);
    for (const auto& difference : compare_access(settings_, after)) {
      if (!difference.wider) continue;
      bool told = std::ranges::any_of(result.items, [&](const Item& item) { return excuses(item, difference.share, difference.what); });
      if (!told) result.unexplained.push_back("share " + difference.share + ": " + difference.what + " would have " + difference.after + " instead of " + difference.before);
    }
  }

  const Configuration& from_;
  const TranslationOptions& options_;
  policy::Settings settings_;
  std::map<std::string, const policy::ShareSettings*, std::less<>> index_;
  std::vector<Planned> shares_;
  std::map<std::string, std::pair<Grade, std::string>> left_out_;
  Outcomes outcomes_;
  Writer out_;
  bool share_demands_ = false, no_oplocks_ = false;
  unsigned reject_line_ = 0;
};

}  // namespace

Translation to_fusion(const Configuration& from, const TranslationOptions& options) { return ToFusion(from, options).run(); }

}  // namespace bossa::migrate
