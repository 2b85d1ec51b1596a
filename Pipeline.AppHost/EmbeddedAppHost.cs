// All services in one process, on embedded storage: what this command runs needs nothing but the .NET SDK.
return await Pipeline.Standalone.StandaloneHost.RunAsync(args);
