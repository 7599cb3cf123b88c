#include "confparse/printing.hpp"

namespace bossa::confparse {
namespace {

PrintCommands commands(std::string_view print, std::string_view lpq, std::string_view lprm, std::string_view lppause,
                       std::string_view lpresume, std::string_view queuepause, std::string_view queueresume) {
  return {{{"print command", print},
           {"lpq command", lpq},
           {"lprm command", lprm},
           {"lppause command", lppause},
           {"lpresume command", lpresume},
           {"queuepause command", queuepause},
           {"queueresume command", queueresume}}};
}

}  // namespace

PrintCommands print_commands(std::string_view system) {
  if (system == "cups" || system == "iprint") return commands("", "%p", "", "", "", "", "");
  if (system == "sysv" || system == "hpux") {
    return commands("lp -c -d%p %s; rm %s", "lpstat -o%p", "cancel %p-%j", "lp -i %p-%j -H hold", "lp -i %p-%j -H resume", "disable %p",
                    "enable %p");
  }
  constexpr std::string_view kept;
  if (system == "qnx") return commands("lp -r -P%p %s", "lpq -P%p", "lprm -P%p %j", kept, kept, kept, kept);
  if (system == "plp" || system == "lprng") {
    return commands("lpr -r -P'%p' %s", "lpq -P'%p'", "lprm -P'%p' %j", "lpc hold '%p' %j", "lpc release '%p' %j", "lpc stop '%p'",
                    "lpc start '%p'");
  }
  return commands("lpr -r -P'%p' %s", "lpq -P'%p'", "lprm -P'%p' %j", kept, kept, kept, kept);  // bsd, aix, nt, os2
}

}  // namespace bossa::confparse
