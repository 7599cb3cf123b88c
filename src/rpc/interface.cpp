#include "src/rpc/interface.hpp"

#include <array>

#include "src/base/unicode.hpp"

namespace bossa::rpc {
namespace {

std::array<const Interface*, 2> all() { return {&srvsvc(), &wkssvc()}; }

} // namespace

const Interface* find_pipe(std::string_view name) {
  for (const auto* interface : all()) {
    if (equal_ignoring_case(interface->pipe, name)) return interface;
  }
  return nullptr;
}

const Interface* find_interface(const SyntaxId& syntax) {
  for (const auto* interface : all()) {
    const auto& own = interface->syntax;
    if (own.uuid == syntax.uuid && own.major == syntax.major && own.minor >= syntax.minor) return interface;
  }
  return nullptr;
}

} // namespace bossa::rpc
