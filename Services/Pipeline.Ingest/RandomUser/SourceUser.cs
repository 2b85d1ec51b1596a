using System.Text.Json.Serialization;
using Pipeline.Contracts;

namespace Pipeline.Ingest.RandomUser;

/// <summary>
/// What is kept of a user as the API sends it: these fields and no others. Login secrets and national ids have no place to
/// go to here, so they cannot reach a file, a log or a topic.
/// </summary>
internal sealed record SourceUser
{
    public int Page { get; init; }

    /// <summary>Place in the page, from 0.</summary>
    public int Index { get; init; }

    public string? Uuid { get; set; }

    public string? Gender { get; set; }

    public string? FirstName { get; set; }

    public string? LastName { get; set; }

    public string? StreetNumber { get; set; }

    public string? StreetName { get; set; }

    public string? City { get; set; }

    public string? State { get; set; }

    public string? Country { get; set; }

    /// <summary>The API sends a number or a string.</summary>
    public string? Postcode { get; set; }

    public string? Email { get; set; }

    public string? DateOfBirth { get; set; }

    public int? Age { get; set; }

    public string? Phone { get; set; }

    public string? Picture { get; set; }

    public string? Nationality { get; set; }

    /// <summary>What was wrong with the JSON of this user, the first fault found.</summary>
    public SourceFault? Fault { get; set; }
}

/// <param name="Path">Where in the source's JSON: <c>login.uuid</c>.</param>
internal sealed record SourceFault(ReasonCode Reason, Field Field, string Path);

/// <summary>Lines of the files that the tasks hand to each other.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SourceUser))]
[JsonSerializable(typeof(RejectedUser))]
internal sealed partial class SourceJson : JsonSerializerContext;

/// <summary>A user who cannot become an event, and why.</summary>
internal sealed record RejectedUser(ReasonCode Reason, Field Field, string Message, SourceUser User);
