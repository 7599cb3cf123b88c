#include <unistd.h>

#include <algorithm>
#include <limits>

#include "confparse/fusion/load.hpp"
#include "confparse/fusion/value.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::fusion {
namespace {

using policy::Encryption;

// Fusion's levels in terms of Samba's: what the daemon says at 0 is an error or an event that an administrator must see.
constexpr int log_levels[] = {0, 0, 0, 1, 3, 10};

std::string own_host_name() {
  char buffer[256] = {};
  if (gethostname(buffer, sizeof buffer - 1) != 0) return {};
  std::string name = buffer;
  return name.substr(0, name.find('.'));
}

std::string joined_with_slashes(std::string_view wildcards) {
  std::string out;
  for (const auto& name : wildcards_of(wildcards)) out += "/" + name;
  return out.empty() ? out : out + "/";
}

std::uint32_t bounded(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, std::numeric_limits<std::uint32_t>::max()));
}

class Binding {
 public:
  Binding(const Configuration& from, const Reading& reading, const std::string& host_name) : from_(from), reading_(reading), host_name_(host_name) {}

  policy::Settings run() {
    auto& out = settings_;
    out.format = policy::ConfigFormat::fusion;
    out.configuration_file = from_.file();
    identity();
    protection();
    dialects();
    end_points();
    limits();
    places();
    for (const auto& share : from_.shares) out.shares.push_back(bind_share(share));
    return std::move(out);
  }

 private:
  const Section& global() const { return from_.global; }
  // The engine's reasons ask for origins by smb.conf's names; those of Fusion are kept beside them.
  void note(policy::Origins& origins, const Section& section, std::string_view key, std::string_view also = {}) const {
    const auto* setting = section.find(key);
    if (!setting || setting->line == 0) return;
    policy::Origin origin{from_.file(), setting->line};
    origins.insert_or_assign(std::string(key), origin);
    if (!also.empty()) origins.insert_or_assign(std::string(also), origin);
  }

  void identity() {
    auto& out = settings_;
    out.netbios_name = to_upper(global().value("server_name"));
    if (out.netbios_name.empty()) out.netbios_name = to_upper(host_name_.empty() ? own_host_name() : host_name_).substr(0, 15);
    if (auto domain = global().value("domain"); !domain.empty()) out.workgroup = to_upper(domain.substr(0, std::min(domain.find('.'), domain.size())));
    out.server_string = global().value("server_comment");
    out.map_to_guest = global().yes("allow_guest") ? policy::MapToGuest::bad_user : policy::MapToGuest::never;
    out.null_session_access = global().yes("null_session_access");
    out.access_based_share_enum = global().yes("access_based_share_enumeration");
    out.unix_extensions = false;
    note(out.origins, global(), "null_session_access");
    note(out.origins, global(), "allow_guest", "map to guest");
  }

  void protection() {
    auto& out = settings_;
    out.signing = global().yes("require_message_signing") ? policy::Signing::required : policy::Signing::default_;
    out.drop_unsigned = global().yes("require_message_signing");
    out.keyless_must_sign = !reading_.keyless_need_not_sign;
    out.encryption_per_share = true;
    bool reject = global().yes("reject_unencrypted_access");
    out.reject_unencrypted = reject && !reading_.reject_only_where_encrypted;
    out.encryption = encryption(global().yes("encrypt_data"));
    note(out.origins, global(), "require_message_signing", "server signing");
    note(out.origins, global(), "encrypt_data", "server smb encrypt");
    note(out.origins, global(), "reject_unencrypted_access");
  }
  Encryption encryption(bool on) const {
    if (!on) return Encryption::if_required;
    return global().yes("reject_unencrypted_access") ? Encryption::required : Encryption::desired;
  }

  void dialects() {
    auto& out = settings_;
    note(out.origins, global(), "dialects", "server max protocol");
    note(out.origins, global(), "dialect_max", "server max protocol");
    if (auto most = global().value("dialect_max"); !most.empty()) out.max_dialect = dialect_of(most).value_or(policy::no_dialect);
    if (!global().find("dialects")) return;
    out.dialects = dialects_of(global().value("dialects"));
    std::erase_if(out.dialects, [&](policy::Dialect dialect) { return dialect > out.max_dialect; });
    out.min_dialect = out.dialects.empty() ? policy::Dialect::smb2_02 : out.dialects.front();
    out.max_dialect = out.dialects.empty() ? policy::no_dialect : out.dialects.back();
  }

  void end_points() {
    auto& out = settings_;
    std::vector<std::uint16_t> ports;
    bool any = false;
    for (const auto* line : global().all("listen")) {
      auto end = listen_of(line->value);
      if ((end.protocol != "DIRECT_TCP" && end.protocol != "NBSS") || end.family.starts_with("RDMA")) continue;
      if (std::ranges::find(ports, end.port) == ports.end()) ports.push_back(end.port);
      bool every_address = end.address == "0.0.0.0" || end.address == "::";
      any = any || (every_address && end.interface == "ANY");
      auto where = every_address ? end.interface : end.address;
      if (where != "ANY" && std::ranges::find(out.interfaces, where) == out.interfaces.end()) out.interfaces.push_back(where);
    }
    if (!ports.empty()) out.ports = ports;
    else if (!global().find("listen")) out.ports = {445};
    out.bind_interfaces_only = !any && !out.interfaces.empty();
    if (!out.bind_interfaces_only) out.interfaces.clear();
  }

  void limits() {
    auto& out = settings_;
    out.max_read = bounded(number_of(global().value("smb2_read_max")));
    out.max_write = bounded(number_of(global().value("smb2_write_max")));
    out.max_transact = bounded(number_of(global().value("smb2_trans_max")));
    out.max_smbd_processes = bounded(number_of(global().value("connections_max")));
    auto files = number_of(global().value("open_files_max"));
    if (files != 0) out.max_open_files = bounded(std::max<std::uint64_t>(files, 1024));
    out.multichannel = global().yes("multichannel");
  }

  void places() {
    auto& out = settings_;
    out.log_level = log_levels[std::min<std::uint64_t>(number_of(global().value("log_level")), 5)];
    out.log_level_text = std::to_string(out.log_level);
    if (global().value("log_destination") == "file") out.log_file = param(global().value("log_params"), "path");
    if (auto state = global().value("runstate_dir"); !state.empty()) {
      for (auto* place : {&out.state_directory, &out.lock_directory, &out.cache_directory, &out.pid_directory, &out.private_dir}) *place = state;
    }
    out.passdb_backend = "tdbsam";
    note(out.origins, global(), "userdb_file", "passdb backend");
  }

  policy::ShareSettings bind_share(const Section& from) {
    policy::ShareSettings out;
    out.name = from.name;
    out.path = from.value("path");
    out.comment = from.value("remark");
    out.browseable = !from.yes("hidden");
    out.printable = from.value("type") == "printer";
    out.read_only = false;
    out.hide_unreadable = from.yes("access_based_enumeration");
    out.access_based_enumeration = settings_.access_based_share_enum;
    out.case_sensitive = from.yes("case_insensitive") ? policy::CaseSensitive::no : policy::CaseSensitive::yes;
    out.veto_files = joined_with_slashes(from.value("files_deny"));
    out.force_create_mode = octal_of(from.value("force_create_mode"));
    out.force_directory_mode = octal_of(from.value("force_directory_mode"));
    out.oplocks = global().yes("enable_oplock") && !from.yes("force_level2oplock");
    out.level2_oplocks = global().yes("enable_oplock");
    out.continuous_availability = from.find("ca") ? from.yes("ca") : global().yes("ca");
    out.sync_always = from.value("vfs").find("force_sync") != std::string_view::npos;
    out.strict_allocate = number_of(from.value("vfs_fallocate_min")) <= 1 && number_of(from.value("vfs_fallocate_max")) == std::numeric_limits<std::uint64_t>::max();
    out.encryption = encryption(from.find("encrypt_data") ? from.yes("encrypt_data") : global().yes("encrypt_data"));
    attributes(from, out);
    access(from, out);
    note(out.origins, from, "path", "path");
    note(out.origins, from, "permissions");
    note(out.origins, from, "encrypt_data", "server smb encrypt");
    if (!from.find("encrypt_data")) note(out.origins, global(), "encrypt_data", "server smb encrypt");
    return out;
  }

  static void attributes(const Section& from, policy::ShareSettings& out) {
    out.store_dos_attributes = out.map_archive = out.hide_dot_files = false;
    for (const auto& piece : split(from.value("map_attributes"), ',')) {
      auto colon = piece.text.find(':');
      auto method = piece.text.substr(0, colon), rest = colon == std::string_view::npos ? std::string_view{} : piece.text.substr(colon + 1);
      auto has = [&](char letter) { return rest.substr(0, rest.find(':')).find(letter) != std::string_view::npos; };
      if (method == "xattr") out.store_dos_attributes = true;
      if (method == "filename") out.hide_dot_files = out.hide_dot_files || has('H');
      if (method == "posix-exec") out.map_archive = has('A'), out.map_system = has('S'), out.map_hidden = has('H');
    }
  }

  void access(const Section& from, policy::ShareSettings& out) {
    auto place = [&](std::string_view key) { return policy::Origin{from_.file(), from.find(key)->line}.text() + ": " + std::string(key); };
    out.permissions.emplace();
    if (from.find("security_descriptor")) {
      out.not_served_because = place("security_descriptor") + ": descriptors of shares are not honoured yet; write permissions instead";
      return;
    }
    if (from.find("files_allow")) out.not_served_because = place("files_allow") + ": it is not honoured yet, and without it more files would be seen";
    if (from.value("type") == "printer") out.not_served_because = place("type") + ": printers are not served yet";
    for (const auto& entry : permissions_of(from.value("permissions"))) {
      if (auto known = as_policy(entry)) {
        out.permissions->push_back(*known);
      } else if (entry.access == "no") {
        out.not_served_because = place("permissions") + ": '" + entry.id + "' cannot be resolved, so that its 'no' cannot be kept";
      }
    }
  }

  const Configuration& from_;
  const Reading& reading_;
  const std::string& host_name_;
  policy::Settings settings_;
};

}  // namespace

policy::Settings to_settings(const Configuration& configuration, const Reading& reading, const std::string& host_name) {
  return Binding(configuration, reading, host_name).run();
}

}  // namespace bossa::confparse::fusion
