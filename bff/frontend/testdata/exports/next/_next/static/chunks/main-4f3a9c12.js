console.log("next")
