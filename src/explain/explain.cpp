// From a question to a page to its text.
#include <faltung/error.hpp>
#include <faltung/explain.hpp>

#include "explain/page.hpp"

namespace faltung {

namespace {

internal::Page page_of(const Trace& trace, const Question& question) {
  switch (question.view) {
    case View::steps:
      return internal::steps_page(trace);
    case View::cell:
      if (!question.cell)
        throw ProblemError("one cell, but none was named", "the view is of one cell", "name it, like O11");
      return internal::cell_page(trace, *question.cell);
    case View::matrix:
      return internal::matrix_page(trace, question.form, question.cell);
    case View::three_views:
      return internal::three_views_page(trace, question.cell);
    case View::temporary:
      return internal::temporary_page(trace);
    case View::overlap:
      break;
  }
  return internal::overlap_page(trace);
}

}  // namespace

std::string explain(const Trace& trace, const Question& question, PageFormat format) {
  const internal::Page page = page_of(trace, question);
  switch (format) {
    case PageFormat::text:
      return internal::page_text(page, false);
    case PageFormat::colour_text:
      return internal::page_text(page, true);
    case PageFormat::svg:
      return internal::page_svg(page);
    case PageFormat::html:
      return internal::page_html(page);
    case PageFormat::json:
      break;
  }
  return internal::page_json(page);
}

}  // namespace faltung
