// What testparm prints of a configuration, byte for byte.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "confparse/configuration.hpp"

namespace bossa::confparse {

struct DumpOptions {
  bool defaults_too = false;  ///< -v: every parameter of [global], not only what differs from the default
  std::string log_level = "1";  ///< -d: testparm shows its own, and not the file's
};
/// "# Global parameters", [global], the shares, in pieces as they come. Nothing for a configuration that is fatal.
void dump(const Configuration& configuration, const std::function<void(std::string_view)>& write, const DumpOptions& options = {});
/// The same as one text.
[[nodiscard]] std::string dump(const Configuration& configuration, const DumpOptions& options = {});
/// One section alone, as --section-name prints it; nothing: there is no such section.
[[nodiscard]] std::optional<std::string> dump_section(const Configuration& configuration, std::string_view name,
                                                      const DumpOptions& options = {});
/// The value of one parameter, as --parameter-name prints it; nothing: not known in that section.
[[nodiscard]] std::optional<std::string> dump_parameter(const Configuration& configuration, std::string_view section,
                                                        std::string_view name, const DumpOptions& options = {});
/// The table, as --show-all-parameters prints it.
[[nodiscard]] std::string dump_table();

}  // namespace bossa::confparse
