// The name of the processor, where Linux tells it.
#include <faltung/cpu.hpp>

#include <fstream>

namespace faltung {

namespace {

std::string read_name() {
  std::ifstream file("/proc/cpuinfo");
  std::string model, parts;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) {
      if (line.empty()) break;  // the next processor
      continue;
    }
    const std::string key = line.substr(0, line.find_last_not_of(" \t:", colon) + 1), value = line.substr(colon + 2);
    if (key == "model name") model = value;
    // processors that share a name differ: AMD calls several generations EPYC
    if (key == "vendor_id" || key == "cpu family" || key == "model" || key == "CPU implementer" || key == "CPU part")
      parts += (parts.empty() ? "" : " ") + value;
  }
  if (model.empty() && parts.empty()) return "unknown";
  return model.empty() ? parts : parts.empty() ? model : model + " (" + parts + ")";
}

}  // namespace

std::string cpu_name() {
  static const std::string name = read_name();  // every plan with wisdom asks
  return name;
}

}  // namespace faltung
