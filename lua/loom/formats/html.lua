return function() error("to be written") end
