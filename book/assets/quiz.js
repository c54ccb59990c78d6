/**
 * Marks the answers of a quiz. The form, its options and what each says of
 * itself are in the page; without this script they are opened by hand.
 */
"use strict";

(function () {
  const { element } = window.recslibDom;

  /**
   * One option of a question.
   * @param {HTMLElement} box
   */
  function optionOf(box) {
    return {
      box,
      input: box.querySelector("input"),
      why: box.querySelector(".quiz-why"),
      letter: box.querySelector(".quiz-letter").textContent,
      isRight: box.dataset.right === "true",
    };
  }

  /** @returns {string} Such as "A", "A and C", "A, C and D". */
  function listed(letters) {
    const last = letters.at(-1);
    if (letters.length < 2) return last ?? "";
    return `${letters.slice(0, -1).join(", ")} and ${last}`;
  }

  /**
   * Say what a choice is worth.
   * @param {Object[]} options Of the question; some of them are chosen.
   * @returns {string}
   */
  function verdict(options) {
    const chosen = options.filter(({ input }) => input.checked);
    const wrong = chosen.filter(({ isRight }) => !isRight);
    const nRight = options.filter(({ isRight }) => isRight).length;
    const nMissing = nRight - (chosen.length - wrong.length);
    if (!chosen.length) return "Choose an answer first.";
    const isOrAre = (letters) => `${listed(letters)} ${
      letters.length > 1 ? "are" : "is"
    }`;
    if (wrong.length) {
      return `Not yet: ${isOrAre(wrong.map(({ letter }) => letter))} wrong.`;
    }
    const said = `${isOrAre(chosen.map(({ letter }) => letter))} right`;
    return nMissing
      ? `Not yet: ${said}, and there is more to choose.`
      : `Yes: ${said}.`;
  }

  /** @param {Object} option Its explanation, without the line that opens it. */
  function explained({ why, letter }) {
    const parts = [...why.children].slice(1);
    return `${letter}: ${parts.map((part) => part.textContent).join(" ")}`;
  }

  /** @param {HTMLFormElement} form Of one question. */
  function bringToLife(form) {
    const options = [...form.querySelectorAll(".quiz-choice")].map(optionOf);
    const said = form.querySelector(".quiz-said");
    const check = element(
      "button",
      { type: "submit", class: "quiz-check" },
      "Check",
    );
    const foot = element("div", { class: "quiz-foot" });
    said.replaceWith(foot);
    foot.append(check, said);
    form.classList.add("quiz-live");

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = options.filter(({ input }) => input.checked);
      form.classList.toggle("quiz-checked", chosen.length > 0);
      for (const { box, input, why, isRight } of options) {
        why.open = input.checked;
        delete box.dataset.marked;
        if (input.checked) box.dataset.marked = isRight ? "right" : "wrong";
      }
      said.replaceChildren(
        verdict(options),
        element(
          "span",
          { class: "quiz-heard" },
          ` ${chosen.map(explained).join(" ")}`,
        ),
      );
    });
    // Another choice is another answer, which nobody has checked yet.
    form.addEventListener("change", () => {
      said.replaceChildren();
      for (const { box } of options) delete box.dataset.marked;
    });
  }

  document.querySelectorAll("form.quiz").forEach(bringToLife);
})();
