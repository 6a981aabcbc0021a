// Forms with data-passkey="get" or "create": ask the server for options, the browser for a passkey,
// and send its answer in the form's own field. Without support for passkeys the form stays hidden.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const named = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

async function options(form) {
  const token = form.elements.namedItem("csrfmiddlewaretoken").value;
  const answer = await fetch(form.dataset.options, {
    method: "POST", headers: { "X-CSRFToken": token }, credentials: "same-origin", redirect: "error",
  });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return (await answer.json()).publicKey;
}

async function existing(form) {
  const asked = await options(form);
  const found = await navigator.credentials.get({ publicKey: {
    ...asked, challenge: bytes(asked.challenge), allowCredentials: named(asked.allowCredentials),
  } });
  const said = found.response;
  return answer(found, {
    clientDataJSON: text(said.clientDataJSON), authenticatorData: text(said.authenticatorData),
    signature: text(said.signature), userHandle: said.userHandle ? text(said.userHandle) : null,
  });
}

async function fresh(form) {
  const asked = await options(form);
  const made = await navigator.credentials.create({ publicKey: {
    ...asked, challenge: bytes(asked.challenge), user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: named(asked.excludeCredentials),
  } });
  return answer(made, {
    clientDataJSON: text(made.response.clientDataJSON),
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
  });
}

function answer(credential, response) {
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment,
  };
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const said = await (form.dataset.passkey === "create" ? fresh(form) : existing(form));
        form.elements.namedItem("credential").value = JSON.stringify(said);
      } catch {
        // Cancelled, timed out, or no key: the person chooses another way.
        const told = form.querySelector("[data-failed]");
        if (told) told.hidden = false;
        return;
      }
      form.submit();
    });
  }
}
