#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "src/base/log.hpp"
#include "src/explain/explain.hpp"

namespace bossa::explain {
namespace {

using Json = nlohmann::json;

std::string unc(const Question& question) {
  return printable("//" + question.server + "/" + question.share + (question.path.empty() ? "" : "/" + question.path));
}

}  // namespace

std::string text_of(const Question& question, const Answer& answer) {
  auto out = fmt::format("{}: {} at {} {} {} {}", answer.allowed ? "yes" : "no", question.user.empty() ? "anonymous" : printable(question.user), question.client,
                         answer.allowed ? "may" : "may not", question.write ? "write" : "read", unc(question));
  if (!answer.allowed)
    out += answer.by_client ? fmt::format("; the client gives up at the {}", name_of(answer.stage)) : fmt::format("; refused at the {} with {}", name_of(answer.stage), to_string(answer.status));
  out += answer.certain ? "\n" : " (without root by mode bits alone; run it as root to ask the kernel)\n";
  if (!answer.dialect.empty())
    out += fmt::format("speaks {}, {}, {}{}\n", answer.dialect, answer.signing.empty() ? "not signed" : "signed by " + answer.signing,
                       answer.cipher.empty() ? "not encrypted" : "encrypted by " + answer.cipher,
                       answer.unix_user.empty() ? "" : ", acts as Unix user " + answer.unix_user);
  for (const auto& rule : answer.rules) {
    auto last = &rule == &answer.rules.back() && !answer.allowed;
    out += fmt::format("{} {:<11}  {}{}\n", last ? ">" : " ", name_of(rule.stage), rule.reason.origin.line == 0 ? "" : rule.reason.origin.text() + ": ",
                       printable(rule.reason.text));
  }
  return out;
}

std::string json_of(const Question& question, const Answer& answer) {
  auto rules = Json::array();
  for (const auto& rule : answer.rules) {
    Json one{{"stage", name_of(rule.stage)}, {"text", rule.reason.text}};
    if (rule.reason.origin.line != 0) one.update({{"file", rule.reason.origin.file}, {"line", rule.reason.origin.line}});
    rules.push_back(std::move(one));
  }
  Json out{{"server", question.server},
           {"share", question.share},
           {"path", question.path},
           {"user", question.user},
           {"client", question.client},
           {"access", question.write ? "write" : "read"},
           {"allowed", answer.allowed},
           {"stage", name_of(answer.stage)},
           {"status", to_string(answer.status)},
           {"by_client", answer.by_client},
           {"certain", answer.certain},
           {"dialect", answer.dialect},
           {"signing", answer.signing},
           {"cipher", answer.cipher},
           {"unix_user", answer.unix_user},
           {"rules", rules}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace bossa::explain
