// `faltung serve`: the page from a local address, for browsers that open no files.
#include <fmt/format.h>

#include <httplib.h>
#include <filesystem>
#include <memory>

#include "cli/arguments.hpp"
#include "io/file.hpp"

namespace faltung::cli {

namespace {

struct ServeArguments {
  std::string page;
  int port = 8765;
};

/// --page, or where an installation keeps the page: share/faltung beside the folder of the command.
std::string find_page(const ServeArguments& arguments) {
  if (!arguments.page.empty()) return arguments.page;
  std::error_code ignored;
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().parent_path();
  for (const std::filesystem::path& place :
       {folder / "share/faltung/index.html", folder.parent_path() / "web/index.html"})
    if (std::filesystem::exists(place, ignored)) return place.string();
  throw FileError(
      "index.html: the page is not installed: build it with bindings/wasm/build, and give --page build/web/index.html");
}

void run(const ServeArguments& arguments) {
  constexpr std::uint64_t page_limit = std::uint64_t{1} << 24;  // the page has 600 kB
  const std::vector<unsigned char> bytes = io::read_all(find_page(arguments), page_limit);
  const std::string page(bytes.begin(), bytes.end());
  httplib::Server server;
  server.set_socket_options([](socket_t socket) {  // the library's own would share a port that another server has
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.Get("/", [&page](const httplib::Request&, httplib::Response& response) {
    response.set_content(page, "text/html; charset=utf-8");
  });
  // this machine only: nobody else can reach the address
  constexpr const char* local = "127.0.0.1";
  const int port = arguments.port == 0                          ? server.bind_to_any_port(local)
                   : server.bind_to_port(local, arguments.port) ? arguments.port
                                                                : -1;
  if (port < 0)
    throw ProblemError(fmt::format("--port {}", arguments.port), "it cannot be opened on 127.0.0.1",
                       "use another one, or 0 for any that is free");
  print(fmt::format("http://{}:{}/ (interrupt to end)\n", local, port));
  server.listen_after_bind();
}

}  // namespace

void set_up_serve(CLI::App* command) {
  const auto arguments = std::make_shared<ServeArguments>();
  command->add_option("--port", arguments->port, "of 127.0.0.1; 0 takes any that is free (8765)")
      ->check(CLI::Range(0, 65535));
  command->add_option("--page", arguments->page, "the file to show, where it is not installed");
  command->callback([arguments] { run(*arguments); });
}

}  // namespace faltung::cli
