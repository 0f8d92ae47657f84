// Shows the document. A token that is pasted here stays in this page's memory and
// is gone with it; validatorUrl null keeps the library from asking a server of
// its makers about the document.
SwaggerUIBundle({
  url: document.getElementById('docs').dataset.document,
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  tryItOutEnabled: true,
  displayRequestDuration: true,
})
