using Pipeline.Standalone;

return await StandaloneHost.RunAsync(args);
