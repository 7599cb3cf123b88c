#include "src/policy/reasons.hpp"

namespace bossa::policy {

std::string joined(const Reasons& reasons) {
  std::string out;
  for (const auto& reason : reasons) {
    if (!out.empty()) out += "; ";
    out += reason.line();
  }
  return out;
}

Origin origin_of(const Origins& origins, std::string_view parameter) {
  auto found = origins.find(parameter);
  return found == origins.end() ? Origin{} : found->second;
}

}  // namespace bossa::policy
