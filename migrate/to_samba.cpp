#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>

#include "confparse/bind.hpp"
#include "confparse/fusion/value.hpp"
#include "migrate/access.hpp"
#include "migrate/permissions.hpp"
#include "migrate/translation.hpp"
#include "migrate/writer.hpp"
#include "src/base/unicode.hpp"

namespace bossa::migrate {
namespace {

using confparse::fusion::Configuration;
using confparse::fusion::Section;
using confparse::fusion::Setting;
using enum Grade;
namespace fusion = confparse::fusion;

constexpr std::string_view everywhere = "global";
constexpr std::string_view guest_account = "nobody";

std::string yes_no(bool value) { return value ? "yes" : "no"; }
// In an smb.conf a '%' may begin a macro, a '\' at the end joins lines, and the loader takes blanks together.
bool is_plain(std::string_view text) {
  if (text.find('%') != std::string_view::npos || text.ends_with('\\') || text.find_first_of("\t\r\v\f") != std::string_view::npos) return false;
  return text.find("  ") == std::string_view::npos && !(text.size() >= 2 && text.front() == '"' && text.back() == '"');
}

class ToSamba {
 public:
  ToSamba(const Configuration& from, const TranslationOptions& options) : from_(from), options_(options), settings_(fusion::to_settings(from, options.reading, "host")) {}

  Translation run() {
    out_.line("# Made from " + options_.source_name + " by bossa-migrate " BOSSA_VERSION ".");
    out_.line("[global]");
    write_global();
    for (std::size_t i = 0; i < from_.shares.size(); ++i) {
      write_share(from_.shares[i], settings_.shares[i]);
      if (options_.progress && (i + 1) % 256 == 0) options_.progress(i + 1, from_.shares.size());
    }
    Translation result;
    result.text = out_.take();
    result.items = items();
    accept(result.items, options_.accepted);
    check(result);
    return result;
  }

 private:
  const Section& global() const { return from_.global; }
  Outcome& at(std::string_view section, std::string_view key) { return outcomes_.at(section, key); }
  void put(std::string_view section, std::string_view parameter, std::string_view value, std::initializer_list<std::string_view> keys, Grade grade = exact, std::string_view why = {}) {
    auto line = out_.set(parameter, value);
    for (auto key : keys) {
      auto& outcome = at(section, key);
      outcome.worsen(grade, why);
      outcome.wrote(line, parameter, value);
    }
  }
  void put_global(std::string_view parameter, std::string_view value, std::initializer_list<std::string_view> keys, Grade grade = exact, std::string_view why = {}) {
    put(everywhere, parameter, value, keys, grade, why);
  }
  // A text as it stands, where smb.conf can hold it.
  void text(std::string_view section, const Section& from, std::string_view key, std::string_view parameter, Grade grade = exact) {
    const auto* setting = from.find(key);
    if (!setting || (setting->value.empty() && key != "server_comment")) return;
    bool quotes_stay = key == "server_comment";  // smbd takes them for part of this text
    if (is_plain(quotes_stay ? "." + setting->value + "." : setting->value) || (quotes_stay && is_plain(setting->value))) put(section, parameter, setting->value, {key}, grade);
    else at(section, key).worsen(lossy, "'%', runs of blanks or outer quotes cannot stand in smb.conf");
  }

  // ---- [global] ----

  void write_global() {
    bool ad = global().value("userdb_type") == "ad";
    text(everywhere, global(), "server_name", "netbios name");
    text(everywhere, global(), "server_comment", "server string");
    if (ad) {
      put_global("security", "ads", {"userdb_type"}, lossy, "the mapping of ids (idmap config) must be chosen by a person");
      if (global().find("domain")) put_global("realm", to_upper(global().value("domain")), {"domain"}, near);
      if (global().find("domain")) at(everywhere, "domain").worsen(lossy, "the NetBIOS name of the domain (workgroup) must be added");
    } else {
      text(everywhere, global(), "domain", "workgroup");
      bool ldap = global().value("userdb_type") == "ldap";
      if (ldap) put_global("passdb backend", "ldapsam:" + std::string(global().value("ldap_uri")), {"userdb_type", "ldap_uri"}, lossy, "Samba's attributes are fixed; its password goes into secrets.tdb (smbpasswd -w)");
      else at(everywhere, "userdb_type").worsen(near, "accounts must be made anew");
      if (ldap && global().find("ldap_base_dn")) put_global("ldap suffix", global().value("ldap_base_dn"), {"ldap_base_dn"}, near);
      if (ldap && global().find("ldap_bind_dn")) put_global("ldap admin dn", global().value("ldap_bind_dn"), {"ldap_bind_dn"}, lossy, "its password goes into secrets.tdb (smbpasswd -w)");
    }
    if (global().find("userdb_file")) at(everywhere, "userdb_file").worsen(lossy, "the form of Fusion's account file is not published: make the accounts anew (bossa-migrate users)");
    dialects();
    protection();
    put_global("map to guest", global().yes("allow_guest") ? "bad user" : "never", {"allow_guest"}, near);
    // Samba lets null sessions into what guests may enter, so that without such a share nothing needs to be said.
    bool nulls = global().yes("null_session_access");
    bool guests = std::ranges::any_of(settings_.shares, [&](const policy::ShareSettings& share) {
      return std::ranges::any_of(*share.permissions, [](const policy::SharePermission& entry) { return entry.who == policy::SharePermission::Who::guest || entry.who == policy::SharePermission::Who::anonymous; });
    });
    if (!nulls && guests) put_global("restrict anonymous", "2", {"null_session_access"}, near, "2 keeps null sessions out of IPC$ as well");
    else at(everywhere, "null_session_access").worsen(near, "null sessions reach what guests may enter");
    listen();
    limits();
    log();
    if (auto state = global().value("runstate_dir"); global().find("runstate_dir") && state != "/var/lib/tsmb") {
      if (is_plain(state)) put_global("state directory", state, {"runstate_dir"}, near, "lock and pid directories keep Samba's own places");
      else at(everywhere, "runstate_dir").worsen(lossy, "'%' or runs of blanks cannot stand in smb.conf");
    }
  }

  static std::string protocol(policy::Dialect dialect) { return dialect == policy::Dialect::smb2_10 ? "SMB2_10" : dialect == policy::Dialect::smb3_11 ? "SMB3_11" : std::string(policy::dialect_name(dialect)); }
  void dialects() {
    auto list = global().value("dialects");
    bool smb1 = false;
    for (const auto& word : fusion::split(list, ' ')) smb1 = smb1 || word.text == "SMB1";
    if (!global().find("dialects") && !global().find("dialect_max")) return;
    if (global().find("dialect_max") && !global().find("dialects")) {
      auto most = fusion::dialect_of(global().value("dialect_max"));
      return put_global("server max protocol", most ? protocol(*most) : "NT1", {"dialect_max"}, exact);
    }
    if (settings_.dialects.empty()) {
      put_global("server min protocol", "NT1", {"dialects"});
      put_global("server max protocol", "NT1", {"dialects", "dialect_max"});
      return;
    }
    auto gaps = static_cast<std::size_t>(0);
    for (auto dialect : {policy::Dialect::smb2_02, policy::Dialect::smb2_10, policy::Dialect::smb3_00, policy::Dialect::smb3_02, policy::Dialect::smb3_11})
      gaps += dialect >= settings_.dialects.front() && dialect <= settings_.dialects.back() ? 1 : 0;
    bool gap = gaps != settings_.dialects.size() || (smb1 && settings_.dialects.front() != policy::Dialect::smb2_02);
    put_global("server min protocol", smb1 ? "NT1" : protocol(settings_.dialects.front()), {"dialects"}, gap ? lossy : exact, gap ? "Samba enables the dialects in the gap" : "");
    put_global("server max protocol", protocol(settings_.dialects.back()), {"dialects", "dialect_max"});
  }

  // Samba's global demand cannot be lowered by a share: where Fusion's shares differ, each says for itself what it demands.
  void protection() {
    bool required = settings_.signing == policy::Signing::required;
    put_global("server signing", required ? "mandatory" : "auto", {"require_message_signing"}, required ? near : exact, required ? "an unsigned request is answered with ACCESS_DENIED instead of being dropped" : "");
    bool on = global().yes("encrypt_data"), reject = global().yes("reject_unencrypted_access");
    bool some_on = on, all_on = on;
    for (const auto& share : from_.shares) {
      bool own = share.find("encrypt_data") ? share.yes("encrypt_data") : on;
      some_on = some_on || own;
      all_on = all_on && own;
    }
    bool everything = reject && !options_.reading.reject_only_where_encrypted;
    // The samples ship reject = true beside encrypt_data = false, which by their reading demands nothing.
    global_word_ = everything ? "required" : all_on ? (reject ? "required" : "desired") : "if_required";
    shares_speak_ = global_word_ == "if_required";
    std::string_view why = everything && !some_on ? "by the text of 3024.10 (--older-reading for the samples' meaning); clients are told to encrypt, which Fusion leaves to them" : "";
    put_global("server smb encrypt", global_word_, {"encrypt_data", "reject_unencrypted_access"}, global_word_ == "if_required" && !on && !reject ? exact : near, why);
    if (on && !all_on) at(everywhere, "encrypt_data").worsen(near, "some shares are free of it, so each share says it for itself");
    if (reject && !everything && !some_on) at(everywhere, "reject_unencrypted_access").worsen(near, "without any encrypt_data it demands nothing by the older reading");
  }

  void listen() {
    auto lines = global().all("listen");
    if (lines.empty()) return;
    auto& outcome = at(everywhere, "listen");
    std::string ports, interfaces;
    std::set<std::string> seen_ports, seen_interfaces, pairs;
    bool any = false;
    for (const auto* line : lines) {
      auto end = fusion::listen_of(line->value);
      if (end.rss) outcome.worsen(lossy, "RSS is lost");
      if (end.family.starts_with("RDMA") || end.protocol == "SMBD") {
        outcome.worsen(lossy, "RDMA is lost");
        continue;
      }
      if (end.protocol != "DIRECT_TCP" && end.protocol != "NBSS") {
        outcome.worsen(lossy, end.protocol + " is another daemon's (nmbd, wsdd, a resolver)");
        continue;
      }
      bool every = end.address == "0.0.0.0" || end.address == "::";
      auto where = every ? end.interface : end.address;
      if (where == "ANY") any = true;
      auto port = std::to_string(end.port);
      if (seen_ports.insert(port).second) ports += (ports.empty() ? "" : " ") + port;
      if (where != "ANY" && seen_interfaces.insert(where).second) interfaces += (interfaces.empty() ? "" : " ") + where;
      pairs.insert((where == "ANY" ? "ANY" + end.family : where) + " " + port);
    }
    if (ports.empty()) return outcome.worsen(lossy, "no line of TCP is left");
    put_global("smb ports", ports, {"listen"}, near);
    if (!any) {
      put_global("interfaces", interfaces, {"listen"}, near);
      put_global("bind interfaces only", "yes", {"listen"}, near);
    } else if (!interfaces.empty()) {
      outcome.worsen(near, "ANY covers the other lines");
    }
    if (!any && pairs.size() != seen_ports.size() * seen_interfaces.size()) outcome.worsen(lossy, "every port is listened on at every address");
  }

  void limits() {
    struct Row {
      std::string_view key, parameter;
      Grade grade;
    };
    for (const auto& [key, parameter, grade] : {Row{"smb2_read_max", "smb2 max read", exact}, Row{"smb2_write_max", "smb2 max write", exact}, Row{"smb2_trans_max", "smb2 max trans", exact},
                                               Row{"connections_max", "max smbd processes", near}, Row{"open_files_max", "max open files", near}}) {
      auto said = global().value(key);  // also when nothing is said: Samba's own limits are others
      auto number = fusion::number_of(said);
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max())) {
        at(everywhere, key).worsen(lossy, "above what Samba's numbers hold");
      } else if (key == "open_files_max" && number < 1024) {
        put_global(parameter, number == 0 ? "16384" : "1024", {key}, near, number == 0 ? "0 is what the process may have; Samba's own default is written" : "Fusion takes less than 1024 for 1024");
      } else {
        put_global(parameter, said, {key}, grade);
      }
    }
    put_global("server multi channel support", yes_no(global().yes("multichannel")), {"multichannel"});
    if (global().find("dfs")) put_global("host msdfs", yes_no(global().yes("dfs")), {"dfs"}, near);
    if (global().find("unix_extensions")) put_global("smb1 unix extensions", yes_no(global().yes("unix_extensions")), {"unix_extensions"}, near);
  }

  void log() {
    if (const auto* level = global().find("log_level")) {
      constexpr std::string_view levels[] = {"0", "0", "0", "1", "3", "10"};
      put_global("log level", levels[fusion::number_of(level->value)], {"log_level"}, lossy, "0 to 5 fold into Samba's 0 to 10");
    }
    const auto* destination = global().find("log_destination");
    if (destination && destination->value == "file") {
      auto path = fusion::param(global().value("log_params"), "path");
      if (is_plain(path)) put_global("log file", path, {"log_destination", "log_params"}, near, "");
      else at(everywhere, "log_params").worsen(lossy, "'%' or runs of blanks cannot stand in smb.conf");
      if (fusion::params_of(global().value("log_params")).size() > 1) at(everywhere, "log_params").worsen(lossy, "the form of the lines is lost");
    } else if (destination && destination->value == "syslog") {
      put_global("logging", "syslog", {"log_destination"}, near);
    } else if (destination) {
      at(everywhere, "log_destination").worsen(lossy, "the console is smbd -i's");
    }
  }

  // ---- a share ----

  void write_share(const Section& from, const policy::ShareSettings& share) {
    const auto& name = from.name;
    auto lower = confparse::folded_name(name);
    out_.line("");
    bool reserved = confparse::is_global_name(name) || lower == "homes" || lower == "printers" || name.find('%') != std::string::npos || !is_plain(name);
    if (reserved) {
      at(name, "").worsen(lossy, "its name means something else in smb.conf, so the share is left out");
      left_out_.emplace(name, "its name means something else in smb.conf, so the share is left out");
      return;
    }
    out_.line("[" + name + "]");
    at(name, "netname").wrote(out_.lines(), "section", name);
    auto path = std::string(from.value("path"));
    bool plain = is_plain(path);
    put(name, "path", plain ? path : "/nonexistent", {"path"}, plain ? exact : lossy, plain ? "" : "'%' or runs of blanks cannot stand in smb.conf: the share is unavailable");
    text(name, from, "remark", "comment");
    bool available = plain && permissions(from, share) && from.value("type") != "printer";
    if (from.value("type") == "printer") at(name, "type").worsen(lossy, "printers are set up by hand: the share is unavailable");
    if (!available) put(name, "available", "no", {});
    put(name, "browseable", yes_no(!from.yes("hidden")), {"hidden"});
    if (from.find("access_based_enumeration")) put(name, "hide unreadable", yes_no(from.yes("access_based_enumeration")), {"access_based_enumeration"}, near);
    if (global().yes("access_based_share_enumeration")) put(everywhere, "access based share enum", "yes", {"access_based_share_enumeration"}, near);
    if (global().find("access_based_share_enumeration")) at(everywhere, "access_based_share_enumeration").worsen(near, "");
    names(from, share);
    attributes(from, share);
    storage(from);
    if (shares_speak_) {
      std::string_view word = share.encryption == policy::Encryption::required ? "required" : share.encryption == policy::Encryption::desired ? "desired" : "";
      if (!word.empty()) put(name, "server smb encrypt", word, {"encrypt_data"}, near);
      else if (from.find("encrypt_data")) at(name, "encrypt_data").worsen(exact, "");
    } else if (from.find("encrypt_data")) {
      bool differs = from.yes("encrypt_data") != (global_word_ != "if_required");
      at(name, "encrypt_data").worsen(near, differs ? "every message must be encrypted anyhow (reject_unencrypted_access)" : "as in [global]");
    }
    others(from, share);
  }

  // Whether anybody can enter by the lists.
  bool permissions(const Section& from, const policy::ShareSettings& share) {
    const auto& name = from.name;
    if (from.find("security_descriptor")) {
      at(name, "security_descriptor").worsen(lossy, "the share is unavailable until its descriptor is set: sharesec " + name + " -S '" + std::string(from.value("security_descriptor")) + "', then available = yes");
      put(name, "read only", "yes", {});
      return false;
    }
    std::vector<std::string> unresolved;
    for (const auto& entry : fusion::permissions_of(from.value("permissions"))) {
      if (!fusion::as_policy(entry)) unresolved.push_back(entry.id + ":" + entry.access);
    }
    auto lists = lists_from_permissions(settings_, *share.permissions, unresolved, std::string(guest_account));
    put(name, "read only", yes_no(lists.read_only), {"permissions"}, near);
    auto list = [&](std::string_view parameter, const std::vector<std::string>& elements) {
      std::string joined;
      for (const auto& one : elements) joined += (joined.empty() ? "" : " ") + list_element(one);
      if (!joined.empty()) put(name, parameter, joined, {"permissions"}, near);
    };
    list("valid users", lists.valid_users);
    list("invalid users", lists.invalid_users);
    list("read list", lists.read_list);
    list("write list", lists.write_list);
    put(name, "guest ok", yes_no(lists.guest_ok), {"permissions"}, near);
    for (const auto& loss : lists.losses) at(name, "permissions").worsen(lossy, loss.reason, loss.widens);
    if (!lists.available) at(name, "permissions").worsen(near, "nobody may enter, which no list of Samba can say: the share is unavailable");
    return lists.available;
  }

  void names(const Section& from, const policy::ShareSettings& share) {
    const auto& name = from.name;
    put(name, "case sensitive", share.case_sensitive == policy::CaseSensitive::yes ? "yes" : "no", {"case_insensitive"}, near);
    if (!share.veto_files.empty()) {
      auto& outcome = at(name, "files_deny");
      std::string kept = "/";
      for (const auto& one : fusion::wildcards_of(from.value("files_deny"))) {
        if (is_plain(one)) kept += one + "/";
        else outcome.worsen(lossy, "'" + one + "' cannot stand in smb.conf", true);
      }
      if (kept != "/") put(name, "veto files", kept, {"files_deny"});
    }
    if (from.find("files_allow")) at(name, "files_allow").worsen(none, "more files would be seen", true);
  }

  void attributes(const Section& from, const policy::ShareSettings& share) {
    const auto& name = from.name;
    auto methods = from.value("map_attributes");
    put(name, "store dos attributes", yes_no(share.store_dos_attributes), {"map_attributes"}, near);
    if (!share.store_dos_attributes) {
      put(name, "map archive", yes_no(share.map_archive), {"map_attributes"}, near);
      put(name, "map system", yes_no(share.map_system), {"map_attributes"}, near);
      put(name, "map hidden", yes_no(share.map_hidden), {"map_attributes"}, near);
    }
    put(name, "hide dot files", yes_no(share.hide_dot_files), {"map_attributes"}, near);
    auto& outcome = at(name, "map_attributes");
    for (const auto& piece : fusion::split(methods, ',')) {
      if (piece.text == "native") outcome.worsen(lossy, "native has no counterpart");
      if (piece.text == "xattr:v3" || piece.text == "xattr:v4") outcome.worsen(lossy, "Samba writes the attribute in its own newest form");
      if (piece.text.starts_with("filename:") && piece.text != "filename:H:.*") outcome.worsen(lossy, "names set no other attribute than hidden");
    }
    if (fusion::split(methods, ',').size() > 2 || (methods.find("xattr") != std::string_view::npos && methods.find("posix-exec") != std::string_view::npos)) outcome.worsen(lossy, "Samba has one way at a time");
  }

  void storage(const Section& from) {
    const auto& name = from.name;
    std::string modules;
    auto add = [&](std::string_view module) { modules += (modules.empty() ? "" : " ") + std::string(module); };
    auto key = from.find("map_acls") ? from.value("map_acls") : global().find("map_acls") ? global().value("map_acls") : std::string_view("xattr:raw");
    auto& acls = at(name, "map_acls");
    bool xattr = false;
    for (const auto& piece : fusion::split(key, ',')) {
      if (piece.text == "xattr:v3" || piece.text == "xattr:v4") xattr = true;
      if (piece.text == "xattr" || piece.text == "xattr:raw") acls.worsen(lossy, "ACLs that Fusion has stored in user.tsmb.$sd no longer count: convert them to security.NTACL first", true);
      if (piece.text == "native") acls.worsen(lossy, "native has no counterpart");
      if (piece.text == "posix-acl:map_full_control") acls.worsen(lossy, "rwx is not mapped to full control");
      if (piece.text == "xattr:v3") acls.worsen(lossy, "Samba writes the newest form");
    }
    if (fusion::split(key, ',').size() > 1) acls.worsen(lossy, "Samba has one way at a time");
    acls.worsen(near, "");
    if (xattr) add("acl_xattr");
    bool vss = from.find("vss") ? from.yes("vss") : global().yes("vss");
    auto params = from.find("vss_params") ? from.value("vss_params") : global().value("vss_params");
    auto folder = fusion::param(params, "path");
    if (vss) {
      bool usable = !folder.empty() && is_plain(folder) && folder.find("${") == std::string::npos;
      auto& outcome = at(name, "vss");
      if (usable) add("shadow_copy2");
      outcome.worsen(usable ? near : lossy, usable ? "" : "the folder of the snapshots is not plain");
      if (usable) {
        put(name, "shadow:snapdir", folder, {"vss", "vss_params"}, near);
        put(name, "shadow:format", "@GMT-%Y.%m.%d-%H.%M.%S", {"vss"}, near);
      }
    }
    for (const auto& [param, value] : fusion::params_of(params)) {
      if (param != "path" && !(param == "share_root" && value == "/")) at(name, "vss_params").worsen(lossy, param + " is lost");
    }
    if (!vss && from.find("vss_params")) at(name, "vss_params").worsen(lossy, "of use only with vss = true");
    if (!modules.empty()) put(name, "vfs objects", modules, {"map_acls", "vss"}, near);
    if (xattr) put(name, "acl_xattr:ignore system acls", "yes", {"map_acls"}, near);
  }

  void others(const Section& from, const policy::ShareSettings& share) {
    const auto& name = from.name;
    auto mode = [&](std::string_view key, std::string_view parameter) {
      if (!from.find(key)) return;
      auto value = std::string(from.value(key));
      put(name, parameter, value.starts_with('0') ? value : "0" + value, {key}, near);
    };
    mode("force_create_mode", "force create mode");
    mode("force_directory_mode", "force directory mode");
    if (!share.oplocks) {
      put(name, "oplocks", "no", {"force_level2oplock"}, near);
      if (!share.level2_oplocks) put(name, "level2 oplocks", "no", {}, near);
      if (!global().yes("enable_oplock")) at(everywhere, "enable_oplock").worsen(near, "each share says so");
    }
    if (from.find("force_level2oplock")) at(name, "force_level2oplock").worsen(near, "");
    if (share.strict_allocate) put(name, "strict allocate", "yes", {"vfs_fallocate_min", "vfs_fallocate_max"}, near);
    for (auto key : {"vfs_fallocate_min", "vfs_fallocate_max"}) {
      if (!share.strict_allocate && from.find(key) && from.value(key) != "0") at(name, key).worsen(lossy, "Samba allocates ahead always or never");
    }
    if (share.sync_always) put(name, "sync always", "yes", {"vfs"}, near);
    if (from.find("vfs") && from.value("vfs") != "libc" && from.value("vfs") != "libc:force_sync") at(name, "vfs").worsen(lossy, "the layer is lost, but for force_sync");
    if (share.continuous_availability) put(name, "continuous availability", "yes", {"ca"}, near);
    if (from.yes("dfs")) put(name, "msdfs root", "yes", {"dfs"}, near);
  }

  // ---- the account ----

  std::vector<Item> items() {
    std::vector<Item> out;
    out.reserve(global().settings.size() + from_.shares.size() * 16);
    section_items(out, global(), std::string(everywhere));
    for (auto key : {"apple_extensions", "sess_open_files_max"}) {
      if (global().find(key)) continue;
      Item item = base(std::string(everywhere), key, std::string(fusion::parameter(key).default_text) + " (not said)", 0);
      item.grade = lossy;
      item.rule = rule_name(Rule::dropped);
      item.reason = find_fusion_mapping(key)->reason;
      out.push_back(std::move(item));
    }
    for (const auto& share : from_.shares) {
      if (auto left = left_out_.find(share.name); left != left_out_.end()) {
        Item item = base(share.name, "", "", share.line);
        item.grade = lossy;
        item.reason = left->second;
        item.rule = rule_name(Rule::share);
        out.push_back(std::move(item));
        continue;
      }
      section_items(out, share, share.name);
      // What silence means, where Samba's silence means another thing or something is lost.
      for (auto key : {"permissions", "map_acls", "case_insensitive", "map_attributes"}) {
        if (share.find(key)) continue;
        const auto* found = outcomes_.find(share.name, key);
        if (!found) continue;
        const auto* in_global = std::string_view(key) == "map_acls" ? global().find(key) : nullptr;
        Item item = base(share.name, key, (in_global ? in_global->value : std::string(fusion::parameter(key).default_text)) + (in_global ? " (in [global])" : " (not said)"), in_global ? in_global->line : 0);
        fill(item, *found, find_fusion_mapping(key));
        out.push_back(std::move(item));
      }
    }
    sort_items(out, [](const Item& item) { return item.line; });
    return out;
  }
  Item base(const std::string& section, std::string_view key, std::string_view value, unsigned line) const {
    Item item;
    item.section = section;
    item.parameter = key;
    item.value = value;
    item.file = from_.file();
    item.line = line;
    return item;
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
  void section_items(std::vector<Item>& out, const Section& section, const std::string& name) {
    std::set<std::string> listens;
    for (const auto& setting : section.settings) {
      Item item = base(name, setting.key, setting.value, setting.line);
      judge(item, setting, name);
      out.push_back(std::move(item));
    }
  }
  void judge(Item& item, const Setting& setting, const std::string& section) {
    const auto* row = find_fusion_mapping(setting.key);
    if (const auto* found = outcomes_.find(section, setting.key)) return fill(item, *found, row);
    item.rule = rule_name(Rule::dropped);
    if (!setting.parameter) {
      item.grade = none;
      item.reason = "an unknown key: what it does cannot be said";
      return;
    }
    if (setting.value == setting.parameter->default_text) {
      item.grade = near;
      item.reason = "Fusion's default; nothing to carry over";
      return;
    }
    bool in_share_too = section == everywhere && setting.parameter->scope == confparse::fusion::Scope::both && (setting.key == "map_acls" || setting.key == "vss" || setting.key == "vss_params");
    if (in_share_too) {
      item.grade = near;
      item.reason = "carried into each share";
      return;
    }
    item.grade = row ? worse(row->to_samba, lossy) : none;
    item.reason = row ? std::string(row->reason) : "no counterpart is known";
    if (row) item.rule = rule_name(row->rule);
    item.widens = row && row->widens();
  }

  void check(Translation& result) const {
    auto target = confparse::read_text(options_.target_name, result.text, {{}, {}, "host", false, {}});
    if (target.fatal) {
      for (const auto& diagnostic : target.diagnostics) {
        if (diagnostic.severity == confparse::Severity::fatal) result.unexplained.push_back("the result is not valid: " + diagnostic.text());
      }
      return;
    }
    auto after = confparse::to_settings(target);
    for (const auto& difference : compare_access(without_unserved(settings_), after)) {
      if (!difference.wider) continue;
      bool told = std::ranges::any_of(result.items, [&](const Item& item) { return excuses(item, difference.share, difference.what); });
      if (!told) result.unexplained.push_back("share " + difference.share + ": " + difference.what + " would have " + difference.after + " instead of " + difference.before);
    }
  }
  // What this engine cannot honour it does not serve; here the question is what the file means.
  static policy::Settings without_unserved(policy::Settings settings) {
    for (auto& share : settings.shares) share.not_served_because.clear();
    return settings;
  }

  const Configuration& from_;
  const TranslationOptions& options_;
  policy::Settings settings_;
  std::string global_word_;
  bool shares_speak_ = false;
  std::map<std::string, std::string> left_out_;
  Outcomes outcomes_;
  Writer out_;
};

}  // namespace

Translation to_samba(const Configuration& from, const TranslationOptions& options) { return ToSamba(from, options).run(); }

}  // namespace bossa::migrate
