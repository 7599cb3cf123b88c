#include "src/commands/share_connect.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "src/base/unicode.hpp"
#include "src/commands/access.hpp"
#include "src/commands/access_list.hpp"
#include "src/commands/share_modules.hpp"

namespace bossa::commands {
namespace {

using policy::ShareSettings;
using session::TreeConnect;

constexpr std::uint32_t full_only = 0x000C0040;  // DELETE_CHILD, WRITE_DAC, WRITE_OWNER
constexpr std::uint32_t write_rights = 0x00000156;  // WRITE_DATA, APPEND_DATA, WRITE_EA, DELETE_CHILD, WRITE_ATTRIBUTES

ShareSettings ipc_share(const policy::Settings& settings) {
  ShareSettings share;
  share.name = "IPC$";
  share.comment = "IPC Service (" + settings.server_string + ")";
  share.guest_ok = settings.restrict_anonymous < 2;
  share.hosts_allow = settings.hosts_allow;
  share.hosts_deny = settings.hosts_deny;
  share.origins = settings.origins;
  return share;
}

// The chain of changes that makes the session's user the tree's.
class Becoming {
 public:
  Becoming(const Caller& caller, policy::Reasons& why) : caller_(caller), why_(why) {
    now_.identity = caller.logon.identity;
    now_.unix_user = caller.logon.unix_name;
  }

  NtStatus become(const std::string& name, const char* parameter) {
    auto other = caller_.users.identity(name);
    if (!other) return note(std::string(parameter) + " = " + name + ": there is no such Unix user"), status::no_such_user;
    now_.identity = *other;
    now_.unix_user = name;
    return status::success;
  }
  NtStatus take_group(const policy::ShareVerdict& verdict, bool forced_user) {
    auto& identity = now_.identity;
    auto gid = caller_.users.group_gid(verdict.force_group);
    if (!gid) return note("force group = " + verdict.force_group + ": there is no such Unix group"), status::no_such_group;
    bool member = identity.gid == *gid || std::ranges::binary_search(identity.groups, *gid);
    if (verdict.force_group_if_member && !member) {
      note("force group = +" + verdict.force_group + ": " + now_.unix_user + " is no member");
      return forced_user ? status::member_not_in_group : status::success;
    }
    identity.gid = *gid;
    if (!std::ranges::binary_search(identity.groups, *gid)) identity.groups.insert(std::ranges::upper_bound(identity.groups, *gid), *gid);
    return status::success;
  }
  // As smbd: whom a guest is made into keeps the guest's groups.
  void keep_groups_of(const Identity& guest) {
    auto& groups = now_.identity.groups;
    auto add = [&](gid_t gid) {
      if (gid != now_.identity.gid && !std::ranges::binary_search(groups, gid)) groups.insert(std::ranges::upper_bound(groups, gid), gid);
    };
    add(guest.gid);
    for (auto gid : guest.groups) add(gid);
  }
  void note(std::string text) { why_.push_back({std::move(text), {}}); }
  ActsAs take() { return std::move(now_); }
  ActsAs now_;

 private:
  const Caller& caller_;
  policy::Reasons& why_;
};

}  // namespace

auth::AuthSettings auth_settings(const policy::Settings& settings) {
  auth::AuthSettings out;
  out.netbios_name = settings.netbios_name;
  out.workgroup = settings.workgroup;
  out.map_to_guest = static_cast<auth::MapToGuest>(settings.map_to_guest);
  out.guest_account = settings.guest_account;
  out.ntlm_auth = static_cast<auth::NtlmAuth>(settings.ntlm_auth);
  out.restrict_anonymous = settings.restrict_anonymous;
  out.null_passwords = settings.null_passwords;
  return out;
}

policy::UserFacts user_facts(const Caller& caller) {
  const auto& logon = caller.logon;
  policy::UserFacts facts;
  facts.name = logon.account_name.empty() ? logon.user : logon.account_name;
  facts.unix_name = logon.unix_name;
  facts.domain = caller.settings.netbios_name;
  facts.guest = logon.guest || logon.anonymous;
  facts.anonymous = logon.anonymous;
  facts.client.address = caller.connection.client_address;
  auto* users = &caller.users;
  facts.in_unix_group = [users, name = logon.unix_name](std::string_view group) { return users->in_group(name, group); };
  facts.in_netgroup = [users, name = facts.name](std::string_view group) { return users->in_netgroup(group, name); };
  return facts;
}

std::optional<ShareSettings> find_share(const Caller& caller, const std::string& name) {
  const auto& settings = caller.settings;
  if (equal_ignoring_case(name, "IPC$")) return ipc_share(settings);
  const auto* homes = settings.find_share("homes");
  if (const auto* share = settings.find_share(name); share != nullptr && share != homes) return *share;
  if (homes != nullptr) {
    const auto& logon = caller.logon;
    auto wanted = equal_ignoring_case(name, "homes") && !logon.guest && !logon.anonymous ? logon.unix_name : name;
    if (auto user = caller.users.user(wanted)) {
      ShareSettings home = *homes;
      home.name = user->name;
      home.home_of = user->name;
      home.is_homes = false;
      if (home.path.empty()) home.path = user->home;
      return home;
    }
  }
  // As smbd: whoever asks for his home and has none gets no other share.
  if (!settings.default_service.empty() && !equal_ignoring_case(name, "homes"))
    if (const auto* share = settings.find_share(settings.default_service)) return *share;
  return std::nullopt;
}

policy::MacroContext macro_context(const Caller& caller, const session::TreeConnect& tree) {
  const auto& logon = caller.logon;
  const auto& connection = caller.connection;
  const auto& users = caller.users;
  policy::MacroContext context;
  context.literal = caller.settings.format == policy::ConfigFormat::fusion;
  context.service = tree.share.name;
  context.path = tree.share.path;
  auto unix_name = !tree.share.home_of.empty() ? tree.share.home_of : tree.state.unix_user.empty() ? logon.unix_name : tree.state.unix_user;
  context.user = unix_name;
  context.session_user = logon.account_name.empty() ? logon.user : logon.account_name;
  if (auto user = users.user(unix_name)) {
    context.home = user->home;
    context.group = users.group_name(user->gid).value_or("");
  }
  context.session_group = users.group_name(logon.identity.gid).value_or("");
  context.domain = logon.domain.empty() ? caller.settings.netbios_name : logon.domain;
  context.client_name = to_lower(logon.workstation.empty() ? connection.client_address : logon.workstation);
  context.client_host = connection.client_address;
  context.client_address = connection.client_address;
  context.server_address = connection.server_address;
  context.server_name = to_lower(caller.settings.netbios_name);
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  context.host_name = host;
  context.protocol = policy::dialect_name(connection.dialect);
  context.architecture = "UNKNOWN";
  context.version = BOSSA_VERSION;
  context.process_id = ::getpid();
  context.time = std::time(nullptr);
  context.environment = [](std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return std::string(value != nullptr ? value : "");
  };
  return context;
}

Result<ActsAs> identity_on(const Caller& caller, const policy::ShareVerdict& verdict, bool can_switch, policy::Reasons& why) {
  Becoming user(caller, why);
  if (!can_switch) return user.take();
  bool is_guest = caller.logon.guest || caller.logon.anonymous;
  auto done = status::success;
  if (verdict.as_guest && !is_guest) done = user.become(caller.settings.guest_account, "guest account");
  const auto guest = user.now_.identity;
  if (done == status::success && !verdict.force_user.empty()) done = user.become(verdict.force_user, "force user");
  bool forced = !verdict.force_user.empty() || verdict.guest_only;
  if (done == status::success && !verdict.force_group.empty()) done = user.take_group(verdict, forced);
  if (!(done == status::success)) return fail(done);
  if ((is_guest || verdict.as_guest) && !verdict.force_user.empty()) user.keep_groups_of(guest);
  auto acts_as = user.take();
  if (verdict.admin) {
    acts_as.identity.uid = 0;
    acts_as.unix_user = "root";
  }
  return acts_as;
}

Outcome settle_rights(const policy::ShareVerdict& verdict, std::uint32_t listed, TreeConnect& tree) {
  auto& state = tree.state;
  state.read_only = verdict.read_only || (listed & access::write_data) == 0;
  auto taken = state.is_ipc ? 0u : state.read_only ? write_rights : verdict.change_only ? full_only : 0u;
  state.maximal_access = access::file_all & listed & ~taken;
  return may_connect_with(state.maximal_access) ? Outcome{} : Outcome(fail(status::access_denied));
}

void expand_share(const Caller& caller, TreeConnect& tree) {
  auto context = macro_context(caller, tree);
  tree.share.path = policy::expand(tree.share.path, context);
  context.path = tree.share.path;
  tree.share.comment = policy::expand(tree.share.comment, context);
  for (auto name : {"recycle:repository", "full_audit:prefix"}) {
    auto& options = tree.share.options;
    if (auto found = options.find(name); found != options.end()) found->second = policy::expand(found->second, context);
    else if (std::string_view(name) == "full_audit:prefix") options.emplace(name, policy::expand("%u|%I", context));
  }
  bool sensitive = tree.share.case_sensitive == policy::CaseSensitive::yes;
  tree.veto_files = policy::NameList(policy::expand(tree.share.veto_files, context), sensitive);
  tree.veto_oplock_files = policy::NameList(policy::expand(tree.share.veto_oplock_files, context), sensitive);
  tree.hide_files = policy::NameList(policy::expand(tree.share.hide_files, context), sensitive);
}

fs::VolumeOptions volume_options(const TreeConnect& tree) {
  const auto& share = tree.share;
  fs::VolumeOptions options;
  options.path = share.path;
  options.label = share.volume.empty() ? share.name : share.volume;
  options.fstype = share.fstype;
  options.case_sensitive = share.case_sensitive == policy::CaseSensitive::yes;
  options.follow_symlinks = share.follow_symlinks || share.wide_links;  // effective wide links follow them whatever the other says, as in smbd
  options.wide_links = share.wide_links;
  options.read_only = tree.state.read_only;
  options.store_dos_attributes = share.store_dos_attributes;
  options.hide_dot_files = share.hide_dot_files;
  options.hide_special_files = share.hide_special_files;
  options.hide_unreadable = share.hide_unreadable;
  options.hide_unwriteable = share.hide_unwriteable_files;
  options.ea_support = share.ea_support;
  options.dos_filemode = share.dos_filemode;
  options.delete_readonly = share.delete_readonly;
  options.delete_veto_files = share.delete_veto_files;
  options.dos_filetimes = share.dos_filetimes;
  options.inherit_owner = share.inherit_owner;
  options.strict_allocate = share.strict_allocate;
  options.kernel_oplocks = share.kernel_oplocks;
  options.max_disk_size = share.max_disk_size << 20;
  options.modes = {share.create_mask, share.force_create_mode, share.directory_mask, share.force_directory_mode, share.map_archive, share.map_system,
                   share.map_hidden, share.map_readonly == policy::MapReadonly::yes, share.inherit_permissions};
  options.modes.readonly_by_permissions = share.map_readonly == policy::MapReadonly::permissions;
  options.block_size = share.block_size;
  options.dos_filetime_resolution = share.dos_filetime_resolution;
  using Mangling = fs::VolumeOptions::Mangling;
  options.mangled_names = share.mangled_names == "yes" ? Mangling::yes : share.mangled_names == "no" ? Mangling::no : Mangling::illegal;
  options.preserve_case = share.preserve_case;
  options.short_preserve_case = share.short_preserve_case;
  options.default_case_upper = share.default_case_upper;
  if (share.volume_serial != -1) options.serial = static_cast<std::uint32_t>(share.volume_serial);
  apply_modules(share, options);
  if (!tree.veto_files.empty()) options.vetoed = [list = tree.veto_files](std::string_view name) { return list.matches(name); };
  if (!tree.hide_files.empty()) options.hidden = [list = tree.hide_files](std::string_view name) { return list.matches(name); };
  return options;
}

}  // namespace bossa::commands
