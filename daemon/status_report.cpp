#include "daemon/status_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/base/log.hpp"
#include "src/base/time.hpp"
#include "src/commands/access.hpp"

namespace bossa::daemon {
namespace {

using Json = nlohmann::json;

std::int64_t unix_seconds(NtTime time) { return unix_time(time).tv_sec; }

Json json_of(const session::ConnectionView& connection, const session::SessionView& session) {
  return {{"session", fmt::format("{:016x}", session.session_id)},
          {"connection", connection.id},
          {"user", session.user},
          {"domain", session.domain},
          {"unix_user", session.unix_user},
          {"guest", session.guest},
          {"anonymous", session.anonymous},
          {"client", connection.client_address},
          {"workstation", session.workstation},
          {"server", fmt::format("{}:{}", connection.server_address, connection.server_port)},
          {"dialect", connection.dialect},
          {"signing", {{"algorithm", connection.signing_algorithm}, {"required", session.signing_required}}},
          {"encryption", {{"cipher", connection.cipher}, {"on", session.encrypted}, {"required", session.encryption_required}}},
          {"since", unix_seconds(session.since)}};
}

Json json_of(const StatusFrame& frame) {
  return {{"program", "bossad"},
          {"version", BOSSA_VERSION},
          {"process", frame.process},
          {"configuration", frame.configuration},
          {"started", frame.started},
          {"configuration_loaded", frame.loaded},
          {"restart_needed", frame.restart_needed}};
}

// What names the user in the other two tables.
Json who(const session::ConnectionView& connection, const session::SessionView& session) {
  return {{"session", fmt::format("{:016x}", session.session_id)}, {"user", session.user}, {"client", connection.client_address}};
}

Json json_of(const session::TreeView& tree, Json out) {
  out.update({{"tree", tree.tree_id},
              {"share", tree.share},
              {"path", tree.path},
              {"unix_user", tree.unix_user},
              {"read_only", tree.read_only},
              {"encryption_required", tree.encryption_required},
              {"since", unix_seconds(tree.since)}});
  return out;
}

Json json_of(const session::OpenView& open, const session::SessionView& session, Json out) {
  auto tree = std::ranges::find(session.trees, open.tree_id, &session::TreeView::tree_id);
  out.update({{"open", open.file_id},
              {"tree", open.tree_id},
              {"share", tree == session.trees.end() ? std::string{} : tree->share},
              {"path", open.path},
              {"kind", open.is_pipe ? "pipe" : open.is_directory ? "directory" : "file"},
              {"access", open.access},
              {"share_access", open.share_access},
              {"delete_on_close", open.delete_on_close}});
  return out;
}

std::string time_text(std::int64_t seconds) {
  auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char buffer[32];
  if (localtime_r(&when, &parts) == nullptr) return {};
  return std::string(buffer, std::strftime(buffer, sizeof buffer, "%Y-%m-%d %H:%M:%S", &parts));
}

using Row = std::vector<std::string>;

// Columns as wide as their longest entry; the last one is not padded.
std::string table(const Row& head, const std::vector<Row>& rows, const char* when_empty) {
  if (rows.empty()) return fmt::format("{}\n", when_empty);
  std::vector<std::size_t> widths(head.size());
  auto measure = [&](const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  };
  measure(head);
  std::ranges::for_each(rows, measure);
  std::string out;
  auto print = [&](const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) out += i + 1 == row.size() ? row[i] + "\n" : fmt::format("{:<{}}  ", row[i], widths[i]);
  };
  print(head);
  std::ranges::for_each(rows, print);
  return out;
}

std::string text_of(const Json& json, const char* key) { return printable(json.value(key, std::string{})); }

std::string user_of(const Json& session) {
  if (session.value("anonymous", false)) return "(anonymous)";
  return text_of(session, "user") + (session.value("guest", false) ? " (guest)" : "");
}

std::string encryption_of(const Json& session) {
  auto encryption = session.value("encryption", Json::object());
  auto cipher = encryption.value("cipher", std::string{});
  if (cipher.empty()) return "-";
  return cipher + (encryption.value("required", false) ? " required" : encryption.value("on", false) ? " on" : " possible");
}

std::string signing_of(const Json& session) {
  auto signing = session.value("signing", Json::object());
  return signing.value("algorithm", std::string{}) + (signing.value("required", false) ? " required" : " possible");
}

// R read, W write, D delete, A attributes and rights only.
std::string access_text(std::uint32_t mask) {
  using namespace commands::access;
  std::string out;
  if (mask & (read_data | execute)) out += 'R';
  if (mask & (write_data | append_data)) out += 'W';
  if (mask & delete_) out += 'D';
  return fmt::format("{} 0x{:x}", out.empty() ? "A" : out, mask);
}

std::string sharing_text(std::uint32_t mask) {
  std::string out;
  for (auto [bit, letter] : {std::pair{1u, 'R'}, std::pair{2u, 'W'}, std::pair{4u, 'D'}})
    if (mask & bit) out += letter;
  return out.empty() ? "none" : out;
}

std::string sessions_text(const Json& json) {
  std::vector<Row> rows;
  for (const auto& one : json.value("sessions", Json::array()))
    rows.push_back({text_of(one, "session"), user_of(one), text_of(one, "unix_user"), text_of(one, "client"), text_of(one, "dialect"), signing_of(one),
                    encryption_of(one), time_text(one.value("since", std::int64_t{0}))});
  return table({"Session", "User", "Unix user", "Client", "Dialect", "Signing", "Encryption", "Since"}, rows, "No sessions");
}

std::string shares_text(const Json& json) {
  std::vector<Row> rows;
  for (const auto& one : json.value("shares", Json::array()))
    rows.push_back({text_of(one, "share"), text_of(one, "user"), text_of(one, "unix_user"), text_of(one, "client"),
                    one.value("read_only", false) ? "read only" : "read and write", time_text(one.value("since", std::int64_t{0})), text_of(one, "path")});
  return table({"Share", "User", "Unix user", "Client", "Mode", "Since", "Path"}, rows, "No shares are connected");
}

std::string opens_text(const Json& json) {
  std::vector<Row> rows;
  for (const auto& one : json.value("opens", Json::array())) {
    auto path = text_of(one, "path");
    rows.push_back({text_of(one, "share"), text_of(one, "user"), text_of(one, "client"), access_text(one.value("access", 0u)),
                    sharing_text(one.value("share_access", 0u)), one.value("kind", std::string{}) + (one.value("delete_on_close", false) ? " (deleted on close)" : ""),
                    path.empty() ? "." : path});
  }
  return table({"Share", "User", "Client", "Access", "Sharing", "Kind", "Path"}, rows, "No files are open");
}

} // namespace

std::string status_json(const session::StatusView& view, const StatusFrame& frame) {
  auto out = json_of(frame);
  out.update({{"connections", view.connections.size() + view.unanswered},
              {"unanswered", view.unanswered},
              {"sessions", Json::array()},
              {"shares", Json::array()},
              {"opens", Json::array()}});
  for (const auto& connection : view.connections) {
    for (const auto& session : connection.sessions) {
      out["sessions"].push_back(json_of(connection, session));
      for (const auto& tree : session.trees) out["shares"].push_back(json_of(tree, who(connection, session)));
      for (const auto& open : session.opens) out["opens"].push_back(json_of(open, session, who(connection, session)));
    }
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string refusals_json(const std::vector<session::Refusal>& refusals) {
  auto list = Json::array();
  for (const auto& one : refusals)
    list.push_back({{"time", one.time},
                    {"client", one.client},
                    {"user", one.user},
                    {"share", one.share},
                    {"path", one.path},
                    {"what", one.what},
                    {"status", one.status == status::success ? std::string{} : to_string(one.status)},
                    {"reason", one.reason},
                    {"line", one.line()}});
  return Json{{"refusals", list}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string refusals_text(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  std::string out;
  for (const auto& one : json.value("refusals", Json::array())) out += fmt::format("{}  {}\n", time_text(one.value("time", std::int64_t{0})), text_of(one, "line"));
  return out.empty() ? "Nothing was refused\n" : out;
}

std::string limits_json(const policy::Limits& limits, const std::array<std::uint64_t, policy::limit_count>& reached) {
  auto list = Json::array();
  for (const auto& row : policy::limit_rows())
    list.push_back({{"parameter", fmt::format("bossa:{}", row.name)},
                    {"value", limits[row.limit]},
                    {"default", row.standard},
                    {"of", row.what},
                    {"reached", reached[static_cast<std::size_t>(row.limit)]}});
  return Json{{"limits", list}}.dump();
}

std::string limits_text(const std::string& text) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  auto out = fmt::format("{:<32}{:>12}{:>12}  {}\n", "limit", "value", "reached", "of");
  for (const auto& one : json.value("limits", Json::array()))
    out += fmt::format("{:<32}{:>12}{:>12}  {}\n", text_of(one, "parameter"), one.value("value", std::uint64_t{0}), one.value("reached", std::uint64_t{0}), text_of(one, "of"));
  return out;
}

std::string ping_json(const StatusFrame& frame) { return json_of(frame).dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string reload_json(const std::vector<Change>& changes, const std::vector<std::string>& findings, const std::vector<std::string>& restart_needed,
                        std::size_t most) {
  auto told = Json::array();
  for (std::size_t i = 0; i < std::min(changes.size(), most); ++i) {
    const auto& change = changes[i];
    auto kind = change.kind == Change::Kind::value ? "value" : change.kind == Change::Kind::section_added ? "section-added" : "section-removed";
    told.push_back({{"kind", kind},
                    {"section", change.section},
                    {"parameter", change.parameter},
                    {"old", change.before},
                    {"new", change.after},
                    {"place", change.place},
                    {"needs_restart", change.needs_restart},
                    {"acted_on", change.acted_on},
                    {"text", change.text()}});
  }
  Json out{{"changes", told},
           {"changes_left_out", changes.size() - told.size()},
           {"findings", findings},
           {"restart_needed", restart_needed}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string status_text(const std::string& text, const StatusTables& tables) {
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  auto out = fmt::format("bossad {}, process {}, serving since {}\nconfiguration {}, loaded {}\n", text_of(json, "version"), json.value("process", 0L),
                         time_text(json.value("started", std::int64_t{0})), text_of(json, "configuration"),
                         time_text(json.value("configuration_loaded", std::int64_t{0})));
  for (const auto& name : json.value("restart_needed", std::vector<std::string>{})) out += fmt::format("waits for a restart: {}\n", printable(name));
  if (auto late = json.value("unanswered", std::size_t{0}); late != 0) out += fmt::format("{} connections did not answer in time and are left out\n", late);
  if (tables.sessions) out += '\n' + sessions_text(json);
  if (tables.shares) out += '\n' + shares_text(json);
  if (tables.opens) out += '\n' + opens_text(json);
  return out;
}

std::string indented(const std::string& json) { return Json::parse(json, nullptr, false).dump(2, ' ', false, Json::error_handler_t::replace); }

} // namespace bossa::daemon
