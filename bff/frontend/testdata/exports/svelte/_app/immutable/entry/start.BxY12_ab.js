console.log("svelte")
