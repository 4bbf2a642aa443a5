"use strict";

/* Adds a copy button to each text that offers one. The page says and does all else without script. */

function copy(text) {
    if (navigator.clipboard) {
        return navigator.clipboard.writeText(text.textContent);
    }
    // Browsers keep the clipboard from pages that came over plain http: select the text instead.
    getSelection().selectAllChildren(text);
    return document.execCommand("copy") ? Promise.resolve() : Promise.reject();
}

for (const text of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    const status = document.createElement("span");
    button.type = "button";
    button.className = "button um-copy";
    button.textContent = text.dataset.copy;
    button.ariaLabel = `${text.dataset.copy}: ${text.ariaLabel}`;
    status.role = "status";
    button.addEventListener("click", () => copy(text).then(() => {
        status.textContent = text.dataset.copied;
    }, () => {}));
    text.after(button, status);
}
