#include "src/explain/explain.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "src/auth/authenticator.hpp"
#include "src/base/unicode.hpp"
#include "src/commands/access_list.hpp"
#include "src/commands/create/foretell.hpp"
#include "src/commands/mode_walk.hpp"
#include "src/commands/share_connect.hpp"
#include "src/commands/share_modules.hpp"
#include "src/fs/identity.hpp"
#include "src/policy/dialects.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/signing.hpp"
#include "src/session/sids.hpp"

namespace bossa::explain {
namespace {

namespace create = commands::create;
namespace access = commands::access;

constexpr std::uint16_t all_signing[] = {2, 1, 0}, all_ciphers[] = {2, 1, 4, 3};  // what a client of today offers
constexpr std::uint16_t signing_enabled = 1, signing_required = 2;                // [MS-SMB2] 2.2.3

// The steps in the order in which a client meets them. Each gives false where the client is stopped.
class Explaining {
 public:
  Explaining(const policy::Settings& settings, auth::AccountDatabase& accounts, const auth::UserMapper& users, const Question& question)
      : settings_(settings), accounts_(accounts), users_(users), question_(question) {}

  Answer run() {
    answer_.allowed = connect() && negotiate() && log_on() && protect() && use_share() && use_file();
    if (answer_.allowed) answer_.status = status::success;
    return std::move(answer_);
  }

 private:
  void say(std::string text, policy::Origin origin = {}) { answer_.rules.push_back({answer_.stage, {std::move(text), std::move(origin)}}); }
  void say(const policy::Reasons& reasons) {
    for (const auto& reason : reasons) answer_.rules.push_back({answer_.stage, reason});
  }
  bool refuse(NtStatus status) {
    answer_.status = status;
    return false;
  }
  bool give_up(std::string text) {
    say(std::move(text));
    answer_.by_client = true;
    return refuse(status::not_supported);
  }

  bool connect() {
    answer_.stage = Stage::connection;
    connection_.client_address = connection_.client_name = question_.client;
    connection_.server_address = question_.server_address;
    auto verdict = policy::connection_access(settings_, {question_.client, {}, {}});
    say(verdict.reasons);
    return verdict.allowed || refuse(status::access_denied);
  }

  bool negotiate() {
    answer_.stage = Stage::negotiation;
    auto verdict = policy::explain_dialect(settings_, question_.dialects);
    say(verdict.reasons);
    if (!verdict.dialect) return refuse(verdict.status);
    connection_.dialect = *verdict.dialect;
    answer_.dialect = policy::dialect_name(*verdict.dialect);
    auto signing = policy::negotiate_signing(settings_, *verdict.dialect, std::span<const std::uint16_t>(all_signing));
    if (!(signing.status == status::success)) {
      say("the algorithms to sign with that are configured do not suffice", policy::origin_of(settings_.origins, "server smb3 signing algorithms"));
      return refuse(signing.status);
    }
    connection_.signing_algorithm = static_cast<std::uint16_t>(signing.algorithm);
    bool able = question_.encryption != Protection::never;
    std::optional<std::span<const std::uint16_t>> offered;
    if (able) offered = std::span<const std::uint16_t>(all_ciphers);
    auto cipher = policy::negotiate_cipher(settings_, *verdict.dialect, offered, able);
    if (cipher.cipher) connection_.cipher = static_cast<std::uint16_t>(*cipher.cipher);
    if (cipher.status == status::success) return true;
    say("SMB3_00 and SMB3_02 encrypt by AES-128-CCM, which is left out", policy::origin_of(settings_.origins, "server smb3 encryption algorithms"));
    return refuse(cipher.status);
  }

  bool log_on() {
    answer_.stage = Stage::logon;
    auto auth_settings = commands::auth_settings(settings_);
    auth::Authenticator authenticator(auth_settings, accounts_, users_, question_.client);
    auto logon = authenticator.foretell(question_.user, {}, {});
    if (!logon) return say(authenticator.reason()), refuse(logon.error());
    logon_ = std::move(*logon);
    keyless_ = logon_.guest || logon_.anonymous || logon_.session_key.empty();
    if (!authenticator.reason().empty()) say(authenticator.reason());
    say(logon_.anonymous ? "an anonymous session" : fmt::format("{} logs on as Unix user {}{}", question_.user, logon_.unix_name, logon_.guest ? " (guest)" : ""));
    session_encryption_ = policy::session_encryption(settings_, connection_.cipher != 0, keyless_);
    say(session_encryption_.reasons);
    if (!(session_encryption_.status == status::success)) return refuse(session_encryption_.status);
    if (fs::can_switch_identity() || logon_.identity.uid == ::geteuid()) return true;
    answer_.certain = false;
    return true;
  }

  // What the client does about signing and encryption, and whether it may then go on.
  bool protect() {
    auto mode = static_cast<std::uint16_t>(question_.signing == Protection::always ? signing_enabled | signing_required : signing_enabled);
    auto signing = policy::session_signing(settings_, mode, keyless_);
    say(signing.reasons);
    if (question_.signing == Protection::always && keyless_) return give_up("the client insists on signing, and this session cannot be signed");
    bool can_encrypt = connection_.cipher != 0 && !keyless_;
    if (question_.encryption == Protection::always && !can_encrypt)
      return give_up("the client insists on encryption, and this session cannot be encrypted");
    encrypts_ = can_encrypt && (question_.encryption == Protection::always || session_encryption_.encrypt_data);
    bool signs = !keyless_ && !encrypts_ && question_.signing != Protection::never && (signing.required || question_.signing == Protection::always);
    if (encrypts_) answer_.cipher = policy::cipher_name(static_cast<policy::Cipher>(connection_.cipher));
    if (signs) answer_.signing = policy::signing_algorithm_name(static_cast<policy::SigningAlgorithm>(connection_.signing_algorithm));
    if (question_.signing != Protection::never || keyless_ || encrypts_) return true;
    answer_.stage = Stage::share;
    if (connection_.dialect == policy::Dialect::smb3_11) {
      say("SMB3_11 demands that TREE_CONNECT is signed or encrypted, and this client cannot sign");
      return refuse(status::access_denied);
    }
    if (!signing.required) return true;
    say("signing is required, and this client cannot sign");
    return refuse(status::access_denied);
  }

  bool use_share() {
    answer_.stage = Stage::share;
    commands::Caller caller{settings_, users_, logon_, connection_};
    auto share = commands::find_share(caller, question_.share);
    if (share) tree_.share = std::move(*share);
    tree_.state.is_ipc = share && equal_ignoring_case(tree_.share.name, "IPC$");
    auto context = commands::macro_context(caller, tree_);
    auto expand = [&](std::string_view text) { return policy::expand(text, context); };
    auto verdict = policy::share_access(settings_, share ? &tree_.share : nullptr, commands::user_facts(caller), 0, expand);
    say(verdict.reasons);
    if (!verdict.allowed()) return refuse(verdict.status);
    auto encryption = policy::share_encryption(settings_, tree_.share, connection_.cipher != 0, keyless_, session_encryption_);
    if (!encryption.encrypt_data || !session_encryption_.encrypt_data) say(encryption.reasons);
    if (!(encryption.status == status::success)) return refuse(encryption.status);
    if (encryption.encrypt_data) answer_.cipher = policy::cipher_name(static_cast<policy::Cipher>(connection_.cipher));
    if (!take_rights(caller, verdict)) return false;
    policy::Reasons why;
    auto acts_as = commands::identity_on(caller, verdict, true, why);
    say(why);
    if (!acts_as) return refuse(acts_as.error());
    tree_.state.identity = acts_as->identity;
    tree_.state.token = commands::token_on(caller, acts_as->identity);
    tree_.state.unix_user = answer_.unix_user = acts_as->unix_user;
    if (tree_.state.is_ipc) return true;
    commands::expand_share(caller, tree_);
    auto volume = fs::Volume::open(commands::volume_options(tree_), std::make_shared<fs::NameIndex>());
    if (!volume) {
      say("path = " + tree_.share.path + " is missing or is no directory", policy::origin_of(tree_.share.origins, "path"));
      return refuse(volume.error());
    }
    tree_.volume = *volume;
    return true;
  }

  // By smb.conf and by the share's own access list.
  bool take_rights(const commands::Caller& caller, const policy::ShareVerdict& verdict) {
    Result<std::uint32_t> listed = access::file_all;
    auto lists = settings_.state_directory + "/share_info.tdb";
    bool hidden = ::geteuid() != 0 && ::access(lists.c_str(), R_OK) != 0 && errno == EACCES;
    if (hidden) {
      say(lists + " is for root to read: whether the share has an access list of its own was not asked");
      answer_.certain = false;
    } else {
      policy::Reasons why;
      listed = commands::listed_rights(caller, tree_, why);
      say(why);
    }
    if (!listed) return refuse(listed.error());
    auto settled = commands::settle_rights(verdict, *listed, tree_);
    return settled || refuse(settled.error());
  }

  bool use_file() {
    answer_.stage = Stage::file;
    if (tree_.state.is_ipc) return true;
    create::Params params;
    params.access = access::read_attributes | (question_.write ? access::write_data | access::append_data : access::read_data);
    params.request.desired_access = params.access;
    params.request.share_access = 7;
    params.request.create_disposition = question_.write ? commands::disposition::open_if : commands::disposition::open;
    params.name = question_.path;
    std::ranges::replace(params.name, '/', '\\');
    if (auto named = create::parse_name(params); !named) return say("the path is none: " + to_string(named.error())), refuse(named.error());
    return ask_file_system(params);
  }

  bool ask_file_system(const create::Params& params) {
    if (question_.write && tree_.state.read_only) {
      say("the share is read only for this user");
      return refuse(status::access_denied);
    }
    if (!tree_.state.access_list.empty() && (params.access & ~tree_.state.maximal_access) != 0) {
      say("the share's access list does not grant all of 0x" + fmt::format("{:x}", params.access));
      return refuse(status::access_denied);
    }
    if (auto vetoed = fs::check_veto(*tree_.volume, params.path); !vetoed) {
      say("veto files hides it", policy::origin_of(tree_.share.origins, "veto files"));
      return refuse(vetoed.error());
    }
    auto who = tree_.state.identity;
    auto walk = commands::walk_modes(tree_.volume, params.path.text(), who, tree_.state.unix_user, question_.write, users_);
    say(walk.reasons);
    bool may_ask = fs::can_switch_identity() || who.uid == ::geteuid();
    answer_.certain = answer_.certain && may_ask;
    if (!may_ask) return walk.allowed || refuse(status::access_denied);
    fs::Impersonate as{who};
    auto foretold = create::foretell(tree_, params, session::Sids(users_));
    if (!foretold) {
      if (walk.allowed) say("the server refuses it all the same, with " + to_string(foretold.error()) + ": a read-only attribute, an ACL, a symlink or the file system itself");
      return refuse(foretold.error());
    }
    if (!walk.allowed) say("the kernel allows it all the same: by an ACL, or by a capability");
    return true;
  }

  const policy::Settings& settings_;
  auth::AccountDatabase& accounts_;
  const auth::UserMapper& users_;
  const Question& question_;
  Answer answer_;
  session::ConnectionState connection_;
  auth::LogonResult logon_;
  policy::EncryptionVerdict session_encryption_;
  session::TreeConnect tree_;
  bool keyless_ = false, encrypts_ = false;
};

}  // namespace

std::string_view name_of(Stage stage) {
  switch (stage) {
    case Stage::connection: return "connection";
    case Stage::negotiation: return "negotiation";
    case Stage::logon: return "logon";
    case Stage::share: return "share";
    case Stage::file: return "file";
  }
  return "unknown";
}

Answer explain(const policy::Settings& settings, auth::AccountDatabase& accounts, const auth::UserMapper& users, const Question& question) {
  fs::AsDaemon root;  // and back afterwards, so that a caller may ask again
  return Explaining(settings, accounts, users, question).run();
}

}  // namespace bossa::explain
