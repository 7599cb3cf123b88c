#include "src/commands/share_modules.hpp"

#include <syslog.h>

#include <algorithm>
#include <charconv>

#include "src/base/log.hpp"
#include "src/base/unicode.hpp"
#include "src/crypto/digest.hpp"
#include "src/fs/characters.hpp"
#include "src/fs/recycle.hpp"
#include "src/isolation/outside.hpp"
#include "src/policy/name_lists.hpp"

namespace bossa::commands {
namespace {

using policy::ShareSettings;

}  // namespace

bool has_module(const ShareSettings& share, std::string_view module) {
  return std::ranges::any_of(share.vfs_objects, [&](const std::string& text) {
    std::string_view name = text;
    if (auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
    name = name.substr(0, name.find(':'));
    if (name.ends_with(".so")) name.remove_suffix(3);
    return name == module;
  });
}

std::string_view option(const ShareSettings& share, std::string_view name) {
  auto found = share.options.find(name);
  return found == share.options.end() ? std::string_view{} : std::string_view(found->second);
}

bool option_yes(const ShareSettings& share, std::string_view name, bool otherwise) {
  auto value = to_lower(option(share, name));
  return value.empty() ? otherwise : value == "yes" || value == "true" || value == "1" || value == "on";
}

namespace {

// The module sets some share parameters as well.
void apply_acl_xattr(const ShareSettings& share, fs::VolumeOptions& options) {
  if (!has_module(share, "acl_xattr")) return;
  auto& acl = options.acl;
  acl.enabled = true;
  acl.sha256 = crypto::sha256;
  acl.ignore_system_acls = option_yes(share, "acl_xattr:ignoresystemacls");
  auto style = to_lower(option(share, "acl_xattr:defaultaclstyle"));
  acl.style = style == "windows" ? fs::NtAclPolicy::Style::windows : style == "everyone" ? fs::NtAclPolicy::Style::everyone : fs::NtAclPolicy::Style::posix;
  if (auto name = option(share, "acl_xattr:security_acl_name"); !name.empty()) acl.xattr = name;
  options.dos_filemode = true;
  if (!acl.ignore_system_acls) return;
  options.modes.create_mask = 0666;
  options.modes.directory_mask = 0777;
  options.store_dos_attributes = true;
}

void apply_streams_xattr(const ShareSettings& share, fs::VolumeOptions& options) {
  if (!has_module(share, "streams_xattr")) return;
  options.streams.enabled = true;
  if (auto prefix = option(share, "streams_xattr:prefix"); !prefix.empty()) options.streams.prefix = prefix;
  options.streams.store_type = option_yes(share, "streams_xattr:store_stream_type", true);
}

void apply_shadow_copy2(const ShareSettings& share, fs::VolumeOptions& options) {
  if (!has_module(share, "shadow_copy2")) return;
  auto& policy = options.snapshots;
  policy.enabled = true;
  auto set = [&](std::string& field, std::string_view name) {
    if (auto value = option(share, name); !value.empty()) field = value;
  };
  set(policy.snapdir, "shadow:snapdir");
  set(policy.mountpoint, "shadow:mountpoint");
  set(policy.basedir, "shadow:basedir");
  set(policy.snapsharepath, "shadow:snapsharepath");
  set(policy.format, "shadow:format");
  policy.localtime = option_yes(share, "shadow:localtime");
  policy.sscanf = option_yes(share, "shadow:sscanf");
  auto sort = to_lower(option(share, "shadow:sort"));
  using Sort = fs::SnapshotPolicy::Sort;
  policy.sort = sort.empty() || sort == "desc" ? Sort::descending : sort == "asc" ? Sort::ascending : Sort::none;
}

std::function<bool(std::string_view)> list_of(const ShareSettings& share, std::string_view name) {
  std::string text(option(share, name));
  if (text.empty()) return {};
  // A list of words; NameList wants slashes between them.
  std::string elements = "/";
  bool quoted = false;
  for (char c : text) {
    if (c == '"') quoted = !quoted;
    else elements += !quoted && (c == ' ' || c == ',' || c == '\t' || c == ';' || c == '|') ? '/' : c;
  }
  return [list = policy::NameList(elements, true)](std::string_view each) { return list.matches(each) || list.matches_component_of(each); };
}

std::uint64_t number(const ShareSettings& share, std::string_view name, std::uint64_t otherwise, int base = 10) {
  auto text = option(share, name);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end != text.data() ? value : otherwise;
}

void apply_recycle(const ShareSettings& share, fs::VolumeOptions& options) {
  if (!has_module(share, "recycle")) return;
  fs::RecyclePolicy policy;
  if (auto repository = option(share, "recycle:repository"); !repository.empty()) policy.repository = repository;
  policy.directory_mode = static_cast<std::uint32_t>(number(share, "recycle:directory_mode", 0700, 8));
  if (!option(share, "recycle:subdir_mode").empty()) policy.subdir_mode = static_cast<std::uint32_t>(number(share, "recycle:subdir_mode", 0700, 8));
  policy.keeptree = option_yes(share, "recycle:keeptree");
  policy.versions = option_yes(share, "recycle:versions");
  policy.touch = option_yes(share, "recycle:touch");
  policy.touch_mtime = option_yes(share, "recycle:touch_mtime");
  policy.minsize = number(share, "recycle:minsize", 0);
  policy.maxsize = number(share, "recycle:maxsize", 0);
  policy.excluded = list_of(share, "recycle:exclude");
  policy.excluded_directory = list_of(share, "recycle:exclude_dir");
  policy.unversioned = list_of(share, "recycle:noversions");
  options.recycle = [policy](const fs::FileHandle& file, int directory, const std::string& name) { return fs::recycle(policy, file, directory, name); };
}

// `fruit:encoding = native`: what a Mac sends in the private range, because Windows forbids it in names, is stored as the character meant.
constexpr std::string_view apple_characters =
    "0x01:0xf001,0x02:0xf002,0x03:0xf003,0x04:0xf004,0x05:0xf005,0x06:0xf006,0x07:0xf007,0x08:0xf008,0x09:0xf009,0x0a:0xf00a,0x0b:0xf00b,0x0c:0xf00c,"
    "0x0d:0xf00d,0x0e:0xf00e,0x0f:0xf00f,0x10:0xf010,0x11:0xf011,0x12:0xf012,0x13:0xf013,0x14:0xf014,0x15:0xf015,0x16:0xf016,0x17:0xf017,0x18:0xf018,"
    "0x19:0xf019,0x1a:0xf01a,0x1b:0xf01b,0x1c:0xf01c,0x1d:0xf01d,0x1e:0xf01e,0x1f:0xf01f,0x22:0xf020,0x2a:0xf021,0x3a:0xf022,0x3c:0xf023,0x3e:0xf024,"
    "0x3f:0xf025,0x5c:0xf026,0x7c:0xf027";

void apply_catia(const ShareSettings& share, fs::VolumeOptions& options) {
  std::string mappings;
  if (has_module(share, "catia")) mappings = option(share, "catia:mappings");
  if (has_module(share, "fruit") && option(share, "fruit:encoding") == "native") mappings += (mappings.empty() ? "" : ",") + std::string(apple_characters);
  if (mappings.empty()) return;
  auto map = std::make_shared<const fs::CharacterMap>(mappings);
  if (!map->empty()) options.characters = std::move(map);
}

// Which operations a list of vfs_full_audit(8) names: words in order, "all", "none", "!operation".
bool names_operation(std::string_view list, std::string_view operation) {
  bool named = false;
  while (!list.empty()) {
    auto word = list.substr(0, list.find_first_of(" ,\t"));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    bool off = word.starts_with('!');
    if (off) word.remove_prefix(1);
    if (word == "none") named = false;
    else if (word == "all" || word == operation) named = !off;
  }
  return named;
}

int syslog_facility(std::string_view name) {
  constexpr std::pair<std::string_view, int> known[] = {{"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
                                                        {"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
                                                        {"daemon", LOG_DAEMON}, {"auth", LOG_AUTH}};
  for (auto [text, value] : known)
    if (text == name) return value;
  return LOG_USER;
}
int syslog_priority(std::string_view name) {
  constexpr std::pair<std::string_view, int> known[] = {{"emerg", LOG_EMERG}, {"alert", LOG_ALERT}, {"crit", LOG_CRIT}, {"err", LOG_ERR},
                                                        {"warning", LOG_WARNING}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};
  for (auto [text, value] : known)
    if (text == name) return value;
  return LOG_NOTICE;
}

void apply_full_audit(const ShareSettings& share, fs::VolumeOptions& options) {
  if (!has_module(share, "full_audit")) return;
  int where = syslog_facility(to_lower(option(share, "full_audit:facility"))) | syslog_priority(to_lower(option(share, "full_audit:priority")));
  options.audit = [where, root = share.path, prefix = std::string(option(share, "full_audit:prefix")), succeeded = std::string(option(share, "full_audit:success")),
                   failed = std::string(option(share, "full_audit:failure"))](std::string_view operation, bool success, std::string_view path) {
    if (!names_operation(success ? succeeded : failed, operation)) return;
    auto line = prefix + '|' + std::string(operation) + (success ? "|ok|" : "|fail|") + printable(root + '/' + std::string(path));
    isolation::outside([&] { ::syslog(where, "smbd_audit: %s", line.c_str()); });  // libc makes the socket when it likes
  };
}

}  // namespace

void apply_modules(const ShareSettings& share, fs::VolumeOptions& options) {
  apply_acl_xattr(share, options);
  apply_streams_xattr(share, options);
  apply_shadow_copy2(share, options);
  apply_recycle(share, options);
  apply_catia(share, options);
  apply_full_audit(share, options);
}

fs::Token token_on(const Caller& caller, const Identity& identity) {
  fs::Token token;
  token.privileged = identity.uid == 0;
  if (identity == caller.logon.identity) {
    token.user = caller.logon.user_sid;
    token.groups = caller.logon.group_sids;
  } else {
    token.user = caller.users.sid_of_uid(identity.uid);
    token.groups = caller.users.token_sids(identity, auth::UserMapper::TokenKind::user);
  }
  return token;
}

}  // namespace bossa::commands
