#include "daemon/configure.hpp"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "confparse/fusion/value.hpp"

namespace bossa::daemon {

using Json = nlohmann::json;

ChangeRequest parse_change(const std::string& arguments) {
  ChangeRequest out;
  auto json = Json::parse(arguments, nullptr, false);
  auto bad = [&](const char* what) {
    out.error = what;
    return out;
  };
  using Kind = confparse::SectionEdit::Kind;
  if (!json.is_object() || !json.contains("kind") || !json["kind"].is_string()) return bad("'kind' is missing: add, update, remove or global");
  out.kind = json["kind"].get<std::string>();
  if (out.kind == "add") out.edit.kind = Kind::add;
  else if (out.kind == "update") out.edit.kind = Kind::update;
  else if (out.kind == "remove") out.edit.kind = Kind::remove;
  else if (out.kind == "global") out.edit.kind = Kind::global;
  else return bad("'kind' is none of add, update, remove, global");
  auto one_line = [](const std::string& text) { return text.find_first_of(std::string_view("\n\r\0", 3)) == std::string::npos; };
  if (json.contains("share") && json["share"].is_string()) out.edit.share = json["share"].get<std::string>();
  if (out.edit.kind != Kind::global && (out.edit.share.empty() || !one_line(out.edit.share) || out.edit.share.find_first_of("[]") != std::string::npos)) return bad("'share' is no name of a share");
  if (json.contains("persist") && json["persist"].is_boolean()) out.persist = json["persist"].get<bool>();
  for (const auto& value : json.value("values", Json::array())) {
    if (!value.is_array() || value.size() != 2 || !value[0].is_string() || !(value[1].is_string() || value[1].is_null())) return bad("'values' holds pairs of a name and a text or null");
    auto name = value[0].get<std::string>();
    std::optional<std::string> text;
    if (value[1].is_string()) text = value[1].get<std::string>();
    if (name.empty() || !one_line(name) || name.find_first_of("=[]#;") != std::string::npos || (text && (!one_line(*text) || text->ends_with('\\')))) return bad("a name or value that is not one line");
    out.edit.values.emplace_back(std::move(name), std::move(text));
  }
  return out;
}

std::string share_list_json(const policy::Settings& settings, bool persist) {
  auto on = [](policy::Encryption value) { return value == policy::Encryption::desired || value == policy::Encryption::required; };
  Json shares = Json::array();
  for (const auto& share : settings.shares) {
    std::string access;
    if (share.permissions) {
      for (const auto& entry : *share.permissions) access += (access.empty() ? "" : ", ") + confparse::fusion::text_of(entry);
    } else {
      access = share.read_only ? "read only" : "read and write";
    }
    bool encrypts = on(share.encryption == policy::Encryption::default_ ? settings.encryption : share.encryption);
    shares.push_back({{"name", share.name}, {"path", share.path}, {"remark", share.comment}, {"encrypt_data", encrypts}, {"access", access}, {"hidden", !share.browseable}, {"served", share.not_served_because.empty() && share.available}});
  }
  Json out{{"language", settings.format == policy::ConfigFormat::fusion ? "fusion" : "samba"}, {"persist", persist}, {"guests", settings.map_to_guest != policy::MapToGuest::never}, {"shares", shares}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

} // namespace bossa::daemon
