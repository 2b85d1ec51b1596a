namespace Pipeline.Contracts;

/// <summary>Closed set of event types; the wire name is the lower-case name.</summary>
public enum EventType : byte
{
    Unknown,

    /// <summary>A user fetched from the RandomUser API (topic <c>users_topic</c>).</summary>
    Profile,
    Login,
    View,
    Update,
    Logout,
    Error,
}
