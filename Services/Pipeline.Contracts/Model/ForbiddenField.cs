namespace Pipeline.Contracts;

/// <summary>Something of the source that is never allowed through.</summary>
/// <param name="Name">Name at the source; <c>id.value</c> means <c>value</c> inside <c>id</c>.</param>
public sealed record ForbiddenField(string Name, string Description);
